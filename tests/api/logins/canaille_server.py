"""A real OpenID provider, Canaille, as a process of its own: `python canaille_server.py PORT`.

Ana and Ben have groups that are roles in Earshot, Cyd has none that is. All have one password.
It keeps all in memory, where it takes any code for another that waits for the same client: tests of
wrong codes leave none waiting.
"""

import os
import sys
import wsgiref.simple_server
from typing import Any

PASSWORD = "correct horse battery"
PEOPLE = {"ana": ("Ana Ruiz", "crm-marketing"), "ben": ("owner", "crm-admins"), "cyd": ("Cyd", "")}
"""By what they log in with: their name, and the group that is a role."""


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    """Logs no request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def main(port: int) -> None:
    """Serve on this port until killed."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    from canaille import create_app
    from joserfc.jwk import JWKRegistry

    key = JWKRegistry.generate_key("RSA", 2048)
    key.ensure_kid()
    app = create_app(config=settings(port, key.as_dict(private=True)))
    with app.app_context():
        add_people()
    # Outside of that context: requests would share its `g`, and with it who is logged in.
    with wsgiref.simple_server.make_server("localhost", port, app, handler_class=Quiet) as http:
        sys.stdout.write("serving\n")
        sys.stdout.flush()
        http.serve_forever()


def settings(port: int, key: dict[str, Any]) -> dict[str, Any]:
    """All in memory, anybody may register a client, plain forms."""
    return {
        "TESTING": True,
        "SECRET_KEY": os.urandom(24).hex(),
        "WTF_CSRF_ENABLED": False,
        "PREFERRED_URL_SCHEME": "http",
        "SERVER_NAME": f"localhost:{port}",
        "CANAILLE": {
            "DATABASE": "memory",
            "JAVASCRIPT": False,
            "ACL": {"DEFAULT": {"PERMISSIONS": ["use_oidc"]}},
        },
        "CANAILLE_OIDC": {"DYNAMIC_CLIENT_REGISTRATION_OPEN": True, "ACTIVE_JWKS": [key]},
    }


def add_people() -> None:
    """The people, with their groups."""
    from canaille.app import models
    from canaille.backends import Backend

    keep = Backend.instance.save
    for login, (name, group) in PEOPLE.items():
        user = models.User(
            user_name=login,
            formatted_name=name,
            family_name=name,
            emails=[f"{login}@example.com"],
            password=PASSWORD,
        )
        keep(user)
        if group:
            keep(models.Group(display_name=group, members=[user]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
