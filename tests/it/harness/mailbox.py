"""An SMTP server for stories: mailbox.py PORT MANNER, with JSON on standard input that says what it is like.

It prints one JSON object for each letter that it takes. MANNER is `take`, `refuse` (this recipient never), `postpone` (not
now), `reject` (this sender never), or `lose` (it takes a letter, and hangs up before it says so).
"""

import asyncio
import email
import email.policy
import json
import logging
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, manner):
        self.manner = manner

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.manner == "reject":
            return "550 5.1.8 This sender is not known here"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.manner == "refuse":
            return f"550 5.1.1 <{address}> is nobody here"
        if self.manner == "postpone":
            return f"451 4.2.0 <{address}> is asleep"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = lambda kind: letter.get_body((kind,)).get_content()
        print(json.dumps({
            "to": envelope.rcpt_tos,
            "sender": envelope.mail_from,
            "headers": [[name, str(value)] for name, value in letter.items()],
            "text": part("plain"),
            "html": part("html"),
            "encrypted": session.ssl is not None or server.transport.get_extra_info("cipher") is not None,
            "authenticated": bool(session.authenticated),
        }), flush=True)
        if self.manner == "lose":
            server.transport.abort()
        return "250 OK"


async def main():
    port, manner = int(sys.argv[1]), sys.argv[2]
    like = json.loads(sys.stdin.readline())
    context = None
    if like.get("certificate"):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(like["certificate"], like["key"])
    implicit = like["encryption"] == "tls"
    user = (like.get("user") or "").encode(), (like.get("password") or "").encode()

    def authenticator(server, session, envelope, mechanism, given):
        return AuthResult(success=(given.login, given.password) == user, handled=False)

    def protocol():
        return SMTP(
            Handler(manner),
            hostname="mailbox",
            enable_SMTPUTF8=bool(like.get("utf8")),
            tls_context=context if like["encryption"] == "starttls" else None,
            require_starttls=like["encryption"] == "starttls",
            authenticator=authenticator,
            auth_required=bool(user[0]),
            auth_require_tls=like["encryption"] == "starttls",
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", port, ssl=context if implicit else None)
    await server.serve_forever()


logging.disable(logging.WARNING)  # it warns of its own past
asyncio.run(main())
