//! Libraries that nobody here wrote ask, and verify what they get.

use std::time::Instant;

use countersign::protocol::client_authentication::AuthMethod;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm, CoreProviderMetadata};
use openidconnect::{AccessTokenHash, ClientId, ClientSecret, CsrfToken, Nonce, PkceCodeChallenge, RedirectUrl, Scope};

use serde_json::json;

use super::{CALLBACK, all_the_way, exchange, shop};
use crate::harness::client_key::ClientKey;
use crate::harness::{Arrived, Backend, Browser, RelyingParty, Written, secrets, stories};

stories![
    the_openidconnect_crate_signs_somebody_in,
    applications_in_python_and_javascript_sign_somebody_in,
    they_prove_themselves_by_signing,
    they_take_no_answer_from_elsewhere,
];

async fn the_openidconnect_crate_signs_somebody_in(backend: Backend) {
    let (world, shop, ann) = shop(backend).await;
    let document = world.get("/.well-known/openid-configuration").await;
    let keys = world.get("/.well-known/jwks.json").await;
    let metadata: CoreProviderMetadata = serde_json::from_str(&document.body).expect("it has all that is required");
    assert_eq!(metadata.issuer().as_str(), world.issuer());
    let metadata = metadata.set_jwks(serde_json::from_str(&keys.body).expect("a key set"));
    let secret = ClientSecret::new(shop.secret.clone());
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new(shop.id.clone()), Some(secret))
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).expect("a URL"));
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let asked = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
    let (url, state, nonce) = asked.add_scope(Scope::new("email".to_owned())).set_pkce_challenge(challenge).url();
    let path = url.as_str().strip_prefix(world.issuer()).expect("here").to_owned();

    let told = all_the_way(&mut Browser::default(), &world, &ann, &path).await.told(&world);
    assert_eq!(&told["state"], state.secret());
    let answer = exchange(&shop, &world, &told["code"], &[("code_verifier", verifier.secret())]).await;
    let tokens: openidconnect::core::CoreTokenResponse = serde_json::from_str(&answer.body).expect("a token answer");
    let id_token = openidconnect::TokenResponse::id_token(&tokens).expect("an ID token");
    let checker = client.id_token_verifier();
    let claims = id_token.claims(&checker, &nonce).expect("it verifies");
    assert_eq!(claims.subject().as_str(), ann.id);
    let algorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    let key = id_token.signing_key(&checker).expect("a key");
    let access = openidconnect::OAuth2TokenResponse::access_token(&tokens);
    let hash = AccessTokenHash::from_token(access, &algorithm, key).expect("a hash");
    assert_eq!(claims.access_token_hash(), Some(&hash));
}

/// Authlib and openid-client: from the metadata to the code, the tokens, userinfo, the next tokens, introspection, revocation.
async fn applications_in_python_and_javascript_sign_somebody_in(backend: Backend) {
    for written in [Written::InPython, Written::InJavaScript] {
        let (world, shop, ann) = shop(backend).await;
        let (party, path) = RelyingParty::start(written, &world, &shop, CALLBACK).await;
        let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
        let Arrived::Client(url) = &arrived else { panic!("{written:?}: at the client, not {arrived:?}") };
        secrets::note(&arrived.code(&world));
        let known = party.answered(url).await.unwrap_or_else(|why| panic!("{written:?}: {why}"));
        assert_eq!(known["claims"]["sub"], json!(ann.id), "{written:?}");
        assert_eq!(known["claims"]["aud"], json!(shop.id), "{written:?}");
        assert_eq!((&known["userinfo"]["sub"], &known["userinfo"]["email"]), (&json!(ann.id), &json!(ann.email)));
        assert_eq!(known["active"], json!(true), "{written:?}");
        let last = known["access_token"].as_str().expect("a token");
        secrets::note(last);
        assert!(!shop.sees_alive(&world, last).await, "{written:?} revoked all of it in the end");
    }
}

async fn they_prove_themselves_by_signing(backend: Backend) {
    for written in [Written::InPython, Written::InJavaScript] {
        for method in [AuthMethod::ClientSecretJwt, AuthMethod::PrivateKeyJwt] {
            let (world, _, ann) = shop(backend).await;
            let started = Instant::now();
            let key = ClientKey::new("ES256", "mine");
            let by_key = method == AuthMethod::PrivateKeyJwt;
            let mut client = world
                .web_app(|m| {
                    m.token_endpoint_auth_method = Some(method);
                    m.jwks = by_key.then(|| ClientKey::set(&[&key]));
                })
                .await;
            if by_key {
                client.secret = key.private.to_string();
            }
            let (party, path) = RelyingParty::start(written, &world, &client, CALLBACK).await;
            let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
            let Arrived::Client(url) = &arrived else { panic!("{written:?}: at the client, not {arrived:?}") };
            secrets::note(&arrived.code(&world));
            // It looks at a clock of its own.
            world.advance(started.elapsed().as_secs().try_into().expect("a few"));
            let known = party.answered(url).await.unwrap_or_else(|why| panic!("{written:?} {method}: {why}"));
            assert_eq!(
                (&known["claims"]["sub"], &known["active"]),
                (&json!(ann.id), &json!(true)),
                "{written:?} {method}"
            );
            secrets::note(known["access_token"].as_str().expect("a token"));
            // For the code, the next token, the introspection and the revocation.
            assert_eq!(world.texts("SELECT hash FROM client_assertions").await.len(), 4, "{written:?} {method}");
        }
    }
}

async fn they_take_no_answer_from_elsewhere(backend: Backend) {
    for written in [Written::InPython, Written::InJavaScript] {
        let (world, shop, ann) = shop(backend).await;
        let (party, path) = RelyingParty::start(written, &world, &shop, CALLBACK).await;
        let arrived = all_the_way(&mut Browser::default(), &world, &ann, &path).await;
        let Arrived::Client(url) = &arrived else { panic!("{written:?}: at the client, not {arrived:?}") };
        let told = url.query_pairs().map(|(name, value)| match &*name {
            "iss" => (name, "https://elsewhere.example".into()),
            _ => (name, value),
        });
        let mut mixed_up = url.clone();
        mixed_up.query_pairs_mut().clear().extend_pairs(told);
        let why = party.answered(&mixed_up).await.expect_err("RFC 9207");
        assert!(!why.contains("Traceback") && !why.contains("SyntaxError"), "{written:?}: {why}");
    }
}
