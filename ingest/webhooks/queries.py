"""SQL for webhooks: who is told, what happened, and how far telling it has come.

`emit` belongs into the transaction that makes the event true, so that exactly what was committed
is told. Waits run by the database's clock.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg.rows import dict_row, kwargs_row
from psycopg.types.json import Jsonb

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.base.queue import SEND
from ingest.outbox import enqueue
from ingest.webhooks.webhook import (
    KEPT_DAYS,
    OLD_SECRET_SERVES,
    TEST,
    Delivery,
    DeliveryState,
    Endpoint,
    EndpointState,
    EventType,
    Message,
    Verdict,
)

# Who is told ------------------------------------------------------------------------------

_ENDPOINT = """
select e.id, company.name as company, e.url, e.description, e.events, e.state, e.notice,
       e.failing_since, e.old_secret_until, e.created_at,
       count(d.id) filter (where d.state = 'pending')::int as waiting,
       count(d.id) filter (where d.state = 'failed')::int as failed
from webhook_endpoint e left join company on company.id = e.company_id
left join webhook_delivery d on d.endpoint_id = e.id
"""


def add_endpoint(
    conn: Connection,
    url: str,
    events: Sequence[EventType],
    secret: str,
    description: str = "",
    company: str | None = None,
) -> Endpoint:
    """A new endpoint, of one company's events or of all. Raises NotFound for an unknown company."""
    row = conn.execute(
        """insert into webhook_endpoint (url, events, secret, description, company_id)
           values (%s, %s, %s, %s, %s) returning id""",
        (url, list(events), secret, description, _company_id(conn, company)),
    ).fetchone()
    assert row is not None, "an insert returns its row"
    return endpoint(conn, row[0])


def endpoints(conn: Connection) -> Sequence[Endpoint]:
    """Every endpoint, the oldest first."""
    with conn.cursor(row_factory=kwargs_row(_endpoint)) as cursor:
        query = f"{_ENDPOINT} group by e.id, company.name order by e.id"
        return cursor.execute(query).fetchall()


def endpoint(conn: Connection, endpoint_id: int) -> Endpoint:
    """One endpoint. Raises NotFound."""
    with conn.cursor(row_factory=kwargs_row(_endpoint)) as cursor:
        query = f"{_ENDPOINT} where e.id = %s group by e.id, company.name"
        found = cursor.execute(query, (endpoint_id,)).fetchone()
    if found is None:
        raise NotFound(f"There is no webhook {endpoint_id}.")
    return found


def change_endpoint(
    conn: Connection,
    endpoint_id: int,
    *,
    url: str | None = None,
    description: str | None = None,
    events: Sequence[EventType] | None = None,
) -> None:
    """Change what is given and leave the rest. Raises NotFound."""
    _found(
        conn,
        """update webhook_endpoint set url = coalesce(%(url)s, url),
                  description = coalesce(%(description)s, description),
                  events = coalesce(%(events)s::text[], events)
            where id = %(id)s""",
        {
            "id": endpoint_id,
            "url": url,
            "description": description,
            "events": list(events) if events else None,
        },
    )


def pause(conn: Connection, endpoint_id: int) -> None:
    """Send nothing until it is resumed; what happens meanwhile waits. Raises NotFound."""
    _found(
        conn, "update webhook_endpoint set state = 'paused' where id = %(id)s", {"id": endpoint_id}
    )


def resume(conn: Connection, endpoint_id: int) -> None:
    """Send again, at once also what waited. Raises NotFound."""
    _found(
        conn,
        """update webhook_endpoint set state = 'active', notice = null, failing_since = null
            where id = %(id)s""",
        {"id": endpoint_id},
    )
    conn.execute(
        """update webhook_delivery set next_try_at = clock_timestamp()
            where endpoint_id = %s and state = 'pending'""",
        (endpoint_id,),
    )


def rotate(conn: Connection, endpoint_id: int, secret: str) -> None:
    """Sign with this secret from now on, and for a day with the one before it too, though not
    with those before that. Raises NotFound."""
    _found(
        conn,
        """update webhook_endpoint set old_secret = secret, secret = %(secret)s,
                  old_secret_until = clock_timestamp() + %(serves)s
            where id = %(id)s""",
        {"id": endpoint_id, "secret": secret, "serves": OLD_SECRET_SERVES},
    )


def delete_endpoint(conn: Connection, endpoint_id: int) -> None:
    """Forget an endpoint and its log. Raises NotFound."""
    _found(conn, "delete from webhook_endpoint where id = %(id)s", {"id": endpoint_id})


def _found(conn: Connection, query: LiteralString, values: Mapping[str, Any]) -> None:
    if not conn.execute(query, values).rowcount:
        raise NotFound(f"There is no webhook {values['id']}.")


def _company_id(conn: Connection, name: str | None) -> int | None:
    if name is None:
        return None
    row = conn.execute("select id from company where lower(name) = lower(%s)", (name,)).fetchone()
    if row is None:
        raise NotFound(f"There is no company {name}.")
    company_id: int = row[0]
    return company_id


def _endpoint(*, events: Sequence[str], state: str, **row: Any) -> Endpoint:
    return Endpoint(events=tuple(map(EventType, events)), state=EndpointState(state), **row)


# What happened ----------------------------------------------------------------------------


def emit(conn: Connection, event: EventType, call_id: int, data: Mapping[str, Any]) -> None:
    """Tell whoever takes such events of this call's company, once this transaction is committed.

    The body says what names the call, and none of the buyer's words: a receiver asks the API for
    those, with a token of its own. The event goes with the call when that is deleted.
    """
    told = conn.execute(
        """with call as (
               select call.id, call.title, company.id as company_id, company.name as company,
                      account.name as account, rep.name as rep, call.held_at
                 from call join company on company.id = call.company_id
                 left join account on account.id = call.account_id
                 left join rep on rep.id = call.rep_id
                where call.id = %(call)s),
           taker as (
               select e.id from webhook_endpoint e, call
                where %(type)s = any(e.events)
                  and (e.company_id is null or e.company_id = call.company_id)),
           event as (
               insert into webhook_event (type, call_id, body)
               select %(type)s, call.id, jsonb_build_object(
                          'type', %(type)s::text,
                          'timestamp', clock_timestamp(),
                          'data', %(data)s || jsonb_build_object(
                              'call', jsonb_build_object(
                                  'id', call.id, 'title', call.title, 'company', call.company,
                                  'account', call.account, 'rep', call.rep,
                                  'held_at', call.held_at, 'path', '/v1/calls/' || call.id)))::text
                 from call where exists (select from taker)
               returning id)
           insert into webhook_delivery (event_id, endpoint_id)
           select event.id, taker.id from event, taker""",
        {"call": call_id, "type": event, "data": Jsonb(dict(data))},
    )
    if told.rowcount:
        enqueue(conn, SEND, call_id)


def emit_failed(conn: Connection, call_id: int, failure: str) -> None:
    """Tell that a call has failed, and why."""
    emit(conn, EventType.CALL_FAILED, call_id, {"failure": failure})


def try_out(conn: Connection, endpoint_id: int) -> int:
    """Send an event to this endpoint alone that means nothing; the delivery's id.
    Raises NotFound."""
    row = conn.execute(
        """with taker as (select id from webhook_endpoint where id = %(endpoint)s),
           event as (
               insert into webhook_event (type, body)
               select %(type)s, jsonb_build_object('type', %(type)s::text,
                          'timestamp', clock_timestamp(), 'data', '{}'::jsonb)::text
                 from taker returning id)
           insert into webhook_delivery (event_id, endpoint_id)
           select event.id, taker.id from event, taker returning id""",
        {"type": TEST, "endpoint": endpoint_id},
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no webhook {endpoint_id}.")
    number: int = row[0]
    return number


# Sending ----------------------------------------------------------------------------------


def endpoints_due(conn: Connection) -> list[int]:
    """Active endpoints that something is to be sent to now."""
    rows = conn.execute(
        """select id from webhook_endpoint e where state = 'active' and exists (
               select from webhook_delivery d where d.endpoint_id = e.id and d.state = 'pending'
                  and d.next_try_at <= clock_timestamp())
            order by id"""
    )
    return [row[0] for row in rows]


def claim(conn: Connection, endpoint_id: int, lease_seconds: float) -> Message | None:
    """Take what this endpoint is to be sent next; None where nothing is due.

    Whoever claims it and falls silent loses it after `lease_seconds`: it is sent again then, under
    the same webhook-id, and never lost.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            """update webhook_delivery d
                  set attempts = attempts + 1, tried_at = clock_timestamp(),
                      next_try_at = clock_timestamp() + make_interval(secs => %(lease)s)
                 from webhook_event v, webhook_endpoint e
                where v.id = d.event_id and e.id = d.endpoint_id and d.id = (
                      select w.id from webhook_delivery w
                        join webhook_endpoint active
                             on active.id = w.endpoint_id and active.state = 'active'
                       where w.endpoint_id = %(endpoint)s and w.state = 'pending'
                         and w.next_try_at <= clock_timestamp()
                       order by w.next_try_at, w.id limit 1 for update of w skip locked)
            returning d.id as delivery_id, e.id as endpoint_id, v.id as event_id, v.body, e.url,
                      case when e.old_secret_until > clock_timestamp()
                           then array[e.secret, e.old_secret] else array[e.secret] end as secrets,
                      d.attempts as attempt,
                      clock_timestamp() - coalesce(e.failing_since, clock_timestamp())
                          as failing_for""",
            {"endpoint": endpoint_id, "lease": lease_seconds},
        ).fetchone()
    return Message(**row | {"secrets": tuple(row["secrets"])}) if row else None


def note(
    conn: Connection, message: Message, verdict: Verdict, status: int | None, said: str
) -> None:
    """Write down what came of an attempt, unless the delivery was claimed or replayed since."""
    noted = conn.execute(
        """update webhook_delivery
              set state = %(state)s, next_try_at = clock_timestamp() + %(wait)s::interval,
                  status = %(status)s, said = %(said)s
            where id = %(id)s and attempts = %(attempt)s and state = 'pending'""",
        {
            "id": message.delivery_id,
            "attempt": message.attempt,
            "state": verdict.state,
            "wait": verdict.wait,
            "status": status,
            "said": said,
        },
    )
    if not noted.rowcount:
        return
    if verdict.state is DeliveryState.DELIVERED:
        conn.execute(
            """update webhook_endpoint set failing_since = null
                where id = %s and failing_since is not null""",
            [message.endpoint_id],
        )
        return
    conn.execute(
        """update webhook_endpoint
              set failing_since = coalesce(failing_since, clock_timestamp()),
                  notice = case when state = 'active' then %(notice)s else notice end,
                  state = case when %(notice)s::text is null then state else 'paused' end
            where id = %(id)s""",
        {"id": message.endpoint_id, "notice": verdict.notice},
    )


def forget_old(conn: Connection) -> None:
    """Drop events that happened long ago, with their deliveries."""
    conn.execute(
        "delete from webhook_event where occurred_at < now() - make_interval(days => %s)",
        [KEPT_DAYS],
    )


# The log ----------------------------------------------------------------------------------

_DELIVERY = """
select d.id, v.id as event_id, v.type, v.body, v.occurred_at, d.state, d.attempts, d.tried_at,
       d.next_try_at, d.status, d.said
from webhook_delivery d join webhook_event v on v.id = d.event_id
"""


def deliveries(
    conn: Connection,
    endpoint_id: int,
    *,
    state: DeliveryState | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Sequence[Delivery]:
    """An endpoint's deliveries, the latest first; `before` is the id of the last one seen."""
    with conn.cursor(row_factory=kwargs_row(_delivery)) as cursor:
        return cursor.execute(
            f"""{_DELIVERY} where d.endpoint_id = %(endpoint)s
                  and (%(state)s::text is null or d.state = %(state)s)
                  and (%(before)s::bigint is null or d.id < %(before)s)
                order by d.id desc limit %(limit)s""",
            {"endpoint": endpoint_id, "state": state, "before": before, "limit": limit},
        ).fetchall()


def delivery(conn: Connection, endpoint_id: int, delivery_id: int) -> Delivery:
    """One delivery of an endpoint. Raises NotFound."""
    with conn.cursor(row_factory=kwargs_row(_delivery)) as cursor:
        found = cursor.execute(
            f"{_DELIVERY} where d.endpoint_id = %s and d.id = %s", (endpoint_id, delivery_id)
        ).fetchone()
    if found is None:
        raise NotFound(f"Webhook {endpoint_id} has no delivery {delivery_id}.")
    return found


def _delivery(*, state: str, **row: Any) -> Delivery:
    return Delivery(state=DeliveryState(state), **row)


_AGAIN = """
update webhook_delivery d set state = 'pending', attempts = 0, next_try_at = clock_timestamp()
"""


def replay(conn: Connection, endpoint_id: int, delivery_id: int) -> None:
    """Send one delivery again, whatever became of it. Raises NotFound."""
    done = conn.execute(f"{_AGAIN} where endpoint_id = %s and id = %s", (endpoint_id, delivery_id))
    if not done.rowcount:
        raise NotFound(f"Webhook {endpoint_id} has no delivery {delivery_id}.")


def replay_failed(conn: Connection, endpoint_id: int, since: datetime) -> int:
    """Send again what was given up of the events since then; how many those are."""
    return conn.execute(
        f"""{_AGAIN} from webhook_event v where v.id = d.event_id and d.endpoint_id = %s
               and d.state = 'failed' and v.occurred_at >= %s""",
        (endpoint_id, since),
    ).rowcount
