"""A web application that signs people in, in Python: sign_in.py ISSUER CLIENT_ID SECRET REDIRECT_URI METHOD

For the method private_key_jwt the secret is a private key on P-256, as a JWK.

It prints where the browser is to go, reads where the browser was sent back to, and prints what it knows then.
"""
import json
import os
import sys
import urllib.parse

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the issuer of a test is on a loopback host

from authlib.common.errors import AuthlibBaseError  # noqa: E402
from authlib.integrations.base_client.sync_app import BaseApp, OAuth2Mixin  # noqa: E402
from authlib.integrations.base_client.sync_openid import OpenIDMixin  # noqa: E402
from authlib.integrations.requests_client import OAuth2Session  # noqa: E402
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT  # noqa: E402
from joserfc.errors import JoseError  # noqa: E402
from joserfc.jwk import ECKey  # noqa: E402


class Application(OAuth2Mixin, OpenIDMixin, BaseApp):
    client_cls = OAuth2Session

    def _on_update_token(self, token, refresh_token=None, access_token=None):
        """It keeps no tokens."""


def sign_in(issuer, client_id, client_secret, redirect_uri, method):
    if method == "private_key_jwt":
        client_secret = ECKey.import_key(json.loads(client_secret))
    application = Application(
        None,
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email offline_access",
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": method,
            "revocation_endpoint_auth_method": method,
        },
        client_auth_methods=[ClientSecretJWT(), PrivateKeyJWT(alg="ES256")],
    )
    asked = application.create_authorization_url(redirect_uri)
    print(asked["url"], flush=True)

    answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sys.stdin.readline().strip()).query))
    if answer.get("state") != asked["state"] or answer.get("iss") != issuer:
        raise ValueError("the answer is to another question, or of another issuer")
    token = application.fetch_access_token(
        redirect_uri=redirect_uri, code=answer["code"], code_verifier=asked["code_verifier"]
    )
    claims = application.parse_id_token(token, asked["nonce"])
    userinfo = application.userinfo(token=token)
    metadata = application.load_server_metadata()
    with application._get_oauth_client(**metadata) as session:
        renewed = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
        known = session.introspect_token(metadata["introspection_endpoint"], token=renewed["access_token"]).json()
        session.revoke_token(metadata["revocation_endpoint"], token=renewed["refresh_token"]).raise_for_status()
    return {
        "claims": claims,
        "userinfo": userinfo,
        "active": known["active"],
        "access_token": renewed["access_token"],
    }


if __name__ == "__main__":
    try:
        print(json.dumps(sign_in(*sys.argv[1:])))
    except (AuthlibBaseError, JoseError, ValueError, KeyError, OSError) as reason:
        sys.exit(f"{type(reason).__name__}: {reason}")
