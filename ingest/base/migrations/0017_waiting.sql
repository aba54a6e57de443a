-- ingest: why a call waits that was begun already; gone as soon as a worker takes it again ---------

alter table call add column waiting_reason text
    check (waiting_reason is null or state in ('waiting', 'heard'));
