"""A service that is called with an access token (RFC 9068), in Python: verify.py ISSUER AUDIENCE TOKEN

Keys: PyJWKClient keeps the key set for `lifespan` seconds, the max-age of the JWKS, and no single key for longer
(`cache_keys=False`), so that a withdrawn key is not trusted for longer. An unknown kid means that the keys have
rotated: it fetches once more, but not within `cooldown_duration` seconds of the last time, or whoever sends invented
kids makes this service fetch for each of them.
"""
import json
import sys
import urllib.parse
import urllib.request

import jwt


def discover(issuer):
    parts = urllib.parse.urlsplit(issuer)  # RFC 8414 section 3.1: the well-known part goes before the issuer's path
    url = parts._replace(path="/.well-known/oauth-authorization-server" + parts.path.rstrip("/")).geturl()
    with urllib.request.urlopen(url, timeout=10) as response:
        metadata = json.load(response)
    if metadata["issuer"] != issuer:
        raise ValueError("the metadata is of another issuer")
    return metadata


def verify(keys, issuer, audience, token):
    decoded = jwt.decode_complete(
        token,
        keys.get_signing_key_from_jwt(token),
        algorithms=["RS256", "ES256", "EdDSA"],
        issuer=issuer,
        audience=audience,
        leeway=5,
        options={"require": ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]},
    )
    if decoded["header"].get("typ", "").lower().removeprefix("application/") != "at+jwt":
        raise jwt.InvalidTokenError("typ is not at+jwt: another kind of token of the same issuer")
    return decoded["payload"]


if __name__ == "__main__":
    try:
        issuer, audience, token = sys.argv[1:]
        jwks_uri = discover(issuer)["jwks_uri"]
        # One for the whole service.
        keys = jwt.PyJWKClient(jwks_uri, cache_keys=False, lifespan=300, cooldown_duration=30, timeout=10)
        print(json.dumps(verify(keys, issuer, audience, token)))
    except (jwt.PyJWTError, ValueError, KeyError, OSError) as reason:
        sys.exit(f"{type(reason).__name__}: {reason}")
