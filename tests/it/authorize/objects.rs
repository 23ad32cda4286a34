//! Request objects (OpenID Connect Core §6, RFC 9101): what a client asks, written down as a JWT, in the request or at an address
//! of the client's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use countersign::protocol::client_authentication::AuthMethod;
use reqwest::Method;
use serde_json::{Value, json};

use super::{CALLBACK, CHALLENGE, all_the_way, exchange, request};
use crate::harness::client_key::{ClientKey, assertion};
use crate::harness::forge::Parts;
use crate::harness::{Arrived, Backend, Browser, Persona, Receiver, Token, User, World, stories};

stories![
    a_request_may_be_written_down_and_signed,
    one_that_nobody_signed_says_no_less_than_a_query,
    one_may_be_signed_with_the_secret,
    one_may_be_fetched_from_where_the_client_keeps_it,
    nothing_is_fetched_from_anywhere_else,
    what_it_says_goes_before_what_stands_beside_it,
    a_form_may_carry_a_long_one,
    what_is_wrong_with_one_is_told_to_its_client,
    what_it_says_is_judged_as_a_query_is,
    only_the_algorithm_that_the_client_registered_is_taken,
    nobody_is_sent_where_only_a_bad_one_says,
];

/// All of a good request, as an object says it.
fn all(world: &World, client: &Persona) -> Value {
    json!({
        "iss": client.id, "aud": world.issuer(), "client_id": client.id, "response_type": "code",
        "redirect_uri": CALLBACK, "scope": "openid email", "state": "written", "nonce": "written too",
        "code_challenge": CHALLENGE, "code_challenge_method": "S256",
    })
}

fn with(mut object: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("an object") };
    object.as_object_mut().expect("an object").extend(changes);
    object
}

fn unsigned(claims: &Value) -> String {
    Parts { header: json!({"alg": "none"}), claims: claims.clone(), signature: Vec::new() }.public()
}

/// With nothing beside the object but what has to be there.
fn alone(client: &Persona, name: &str, value: &str) -> String {
    let nothing = ["redirect_uri", "state", "nonce", "code_challenge", "code_challenge_method"].map(|name| (name, ""));
    request(client, &[&nothing[..], &[("scope", "openid"), (name, value)]].concat())
}

/// What comes of a good request: the ID token's nonce, and what the client was told.
async fn works(world: &World, (client, ann): (&Persona, &User), path: &str) -> Arrived {
    let arrived = all_the_way(&mut Browser::default(), world, ann, path).await;
    let token = Token::of(&exchange(client, world, &arrived.code(world), &[]).await);
    let id_token = Parts::of(token.id_token().expect("an ID token"));
    assert_eq!((&id_token.claims["nonce"], &id_token.claims["sub"]), (&json!("written too"), &json!(ann.id)));
    assert_eq!(arrived.told(world)["state"], "written");
    arrived
}

async fn a_request_may_be_written_down_and_signed(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    for (algorithm, typ) in
        [("RS256", None), ("PS256", Some("oauth-authz-req+jwt")), ("ES256", Some("JWT")), ("EdDSA", None)]
    {
        let key = ClientKey::new(algorithm, "mine");
        let client = world
            .web_app(|m| {
                m.jwks = Some(ClientKey::set(&[&key]));
                m.request_object_signing_alg = Some(algorithm.parse().expect("an algorithm"));
            })
            .await;
        let mut header = key.header.clone();
        if let Some(typ) = typ {
            header["typ"] = typ.into();
        }
        let now = world.clock.now();
        let timed =
            json!({"exp": now.plus(60), "nbf": now.plus(-1), "iat": now, "max_age": 0, "prompt": "login consent"});
        let object = key.signs_under(&header, &with(all(&world, &client), timed));
        works(&world, (&client, &ann), &alone(&client, "request", &object)).await;
        // It is as good a second time, as a link is; the code that it leads to is another one.
        works(&world, (&client, &ann), &alone(&client, "request", &object)).await;
    }
}

async fn one_that_nobody_signed_says_no_less_than_a_query(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let client = world.web_app(|_| ()).await;
    let object = with(all(&world, &client), json!({"response_mode": "form_post"}));
    let arrived = works(&world, (&client, &ann), &alone(&client, "request", &unsigned(&object))).await;
    assert!(matches!(arrived, Arrived::Form { .. }), "{arrived:?}");
    // And no more: a client that needs a challenge needs one in it, too.
    let object = with(all(&world, &client), json!({"code_challenge": null, "code_challenge_method": null}));
    let arrived = Browser::default().opens(&world, &alone(&client, "request", &unsigned(&object))).await;
    assert_eq!(arrived.error(&world), "invalid_request");
    let object = with(all(&world, &client), json!({"redirect_uri": "https://shop.example/other"}));
    let arrived = Browser::default().opens(&world, &alone(&client, "request", &unsigned(&object))).await;
    assert_eq!(arrived.page().status, 400, "{arrived:?}");
}

async fn one_may_be_signed_with_the_secret(backend: Backend) {
    let world = backend.world().await;
    let client = world.web_app(|m| m.token_endpoint_auth_method = Some(AuthMethod::ClientSecretJwt)).await;
    let object = ClientKey::of_secret(&client.secret).signs(&all(&world, &client));
    let ann = world.user("ann").await;
    let arrived = all_the_way(&mut Browser::default(), &world, &ann, &alone(&client, "request", &object)).await;
    assert_eq!(arrived.told(&world)["state"], "written");
    arrived.code(&world);
    // A secret that is sent is kept as a hash, by which nothing can be verified.
    let other = world.web_app(|_| ()).await;
    let object = ClientKey::of_secret(&other.secret).signs(&all(&world, &other));
    let path = request(&other, &[("request", &object)]);
    assert_eq!(Browser::default().opens(&world, &path).await.error(&world), "invalid_request_object");
}

async fn one_may_be_fetched_from_where_the_client_keeps_it(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let (receiver, key) = (Receiver::start().await, ClientKey::new("RS256", "mine"));
    let plain = receiver.url("/request.jwt");
    let with_fragment = format!("{plain}#{}", "x".repeat(43));
    let client = world
        .web_app(|m| {
            m.jwks = Some(ClientKey::set(&[&key]));
            m.request_uris = vec![plain.clone(), with_fragment.clone()];
        })
        .await;
    let object = all(&world, &client);
    for (uri, text) in [(&plain, key.signs(&object)), (&with_fragment, format!("{}\n", unsigned(&object)))] {
        receiver.forgets();
        receiver.keeps("/request.jwt", "content-type: application/jwt\r\n", text);
        works(&world, (&client, &ann), &alone(&client, "request_uri", uri)).await;
        let calls = receiver.calls_to("/request.jwt");
        assert_eq!(calls.len(), 1, "once, for all the pages that the request led to");
        assert!(calls[0].head.contains("accept: application/oauth-authz-req+jwt, application/jwt"), "{calls:?}");
    }
    // What is different each time stands beside one that was signed once.
    let once = with(object, json!({"state": null, "nonce": null}));
    receiver.keeps("/request.jwt", "", key.signs(&once));
    let beside = [("state", "written"), ("nonce", "written too"), ("request_uri", plain.as_str())];
    works(&world, (&client, &ann), &request(&client, &beside)).await;
}

async fn nothing_is_fetched_from_anywhere_else(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let receiver = Receiver::start().await;
    let own = receiver.url("/request.jwt");
    let client = world.web_app(|m| m.request_uris = vec![own.clone()]).await;
    receiver.keeps("/request.jwt", "", unsigned(&all(&world, &client)));
    let refused = async |uri: &str| {
        let arrived = Browser::default().opens(&world, &request(&client, &[("request_uri", uri)])).await;
        assert_eq!(arrived.error(&world), "invalid_request_uri", "{uri}");
        assert_eq!(arrived.told(&world)["state"], "a state & more", "{uri}");
    };
    let others = [format!("{own}?more=1"), format!("{own}#else"), receiver.url("/else"), "urn:x:y".to_owned()];
    for uri in &others {
        refused(uri).await;
    }
    assert!(receiver.calls_to("/request.jwt").is_empty() && receiver.calls_to("/else").is_empty());
    // Nor is anybody followed, or waited for again and again.
    for status in [302, 404] {
        receiver.answers(status);
        refused(&own).await;
    }
    assert!(receiver.calls_to("/elsewhere").is_empty());
    receiver.forgets();
    receiver.answers(500);
    for _ in 0..7 {
        refused(&own).await;
    }
    assert_eq!(receiver.calls_to("/request.jwt").len(), 5, "after five failures its server is left alone");
    receiver.answers(200);
    world.advance(30);
    works(&world, (&client, &ann), &alone(&client, "request_uri", &own)).await;
}

async fn what_it_says_goes_before_what_stands_beside_it(backend: Backend) {
    let world = backend.world().await;
    let client = world.web_app(|m| m.redirect_uris.push("https://shop.example/beside".parse().expect("a URI"))).await;
    let wishes = json!({
        "claims": {"id_token": {"email": {"essential": true}}}, "login_hint": "in-the-object", "ui_locales": "de",
    });
    let object = unsigned(&with(all(&world, &client), wishes));
    let beside = [
        ("redirect_uri", "https://shop.example/beside"),
        ("scope", "openid offline_access"),
        ("login_hint", "beside"),
        ("unheard_of", "1"),
        ("request", object.as_str()),
    ];
    let (mut browser, ann) = (Browser::default(), world.user("ann").await);
    let page = browser.opens(&world, &request(&client, &beside)).await;
    assert!(page.page().body.contains("in-the-object") && page.page().body.contains("lang=\"de\""), "{page:?}");
    let page = browser.signs_in(&world, &page, &ann).await;
    let arrived = browser.allows(&world, &page).await;
    let Arrived::Client(url) = &arrived else { panic!("at the client: {arrived:?}") };
    assert!(url.as_str().starts_with(&format!("{CALLBACK}?")), "{url}");
    let token = Token::of(&exchange(&client, &world, &arrived.code(&world), &[]).await);
    assert_eq!(token.claims["scope"], "openid email", "and no offline_access");
    assert_eq!(Parts::of(token.id_token().expect("an ID token")).claims["email"], json!(ann.email));
}

async fn a_form_may_carry_a_long_one(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let (client, key) = (world.web_app(|_| ()).await, ClientKey::new("ES256", "mine"));
    let signing = world.web_app(|m| m.jwks = Some(ClientKey::set(&[&key]))).await;
    let long = |client: &Persona| with(all(&world, client), json!({"purpose": "x".repeat(9_000)}));
    for (client, object) in [(&client, unsigned(&long(&client))), (&signing, key.signs(&long(&signing)))] {
        let form = [("client_id", client.id.as_str()), ("response_type", "code"), ("request", &object)];
        let answer = Browser::default().sends(&world, Method::POST, "/oauth2/authorize", &form).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        let location = answer.header("location").to_owned();
        let path = location.strip_prefix(world.issuer()).unwrap_or_else(|| panic!("here: {location}"));
        works(&world, (client, &ann), path).await;
        let beside = [("redirect_uri", CALLBACK), ("state", "beside")];
        let spoilt = object.replacen("ey", "ye", 1);
        let form = [&form[..2], &[("request", spoilt.as_str())], &beside].concat();
        let answer = Browser::default().sends(&world, Method::POST, "/oauth2/authorize", &form).await;
        let location = answer.header("location");
        assert!(location.starts_with(CALLBACK) && location.contains("error=invalid_request_object"), "{answer:?}");
    }
}

async fn what_is_wrong_with_one_is_told_to_its_client(backend: Backend) {
    let world = backend.world().await;
    let (key, foreign) = (ClientKey::new("ES256", "mine"), ClientKey::new("ES256", "mine"));
    let client = world.web_app(|m| m.jwks = Some(ClientKey::set(&[&key]))).await;
    let other = world.web_app(|_| ()).await;
    let now = world.clock.now();
    let all = all(&world, &client);
    let changed = |changes: Value| key.signs(&with(all.clone(), changes));
    let typed = json!({"alg": "ES256", "kid": "mine", "typ": "client-authentication+jwt"});
    let mut forged = Parts::of(&key.signs(&all));
    forged.claims["scope"] = "openid offline_access".into();
    let twice = all.to_string().replacen('{', r#"{"scope":"openid","#, 1);
    let doubled = format!("{}.{}.", BASE64URL.encode(r#"{"alg":"none"}"#), BASE64URL.encode(twice));
    for (what, object) in [
        ("no token", "x.y.z".to_owned()),
        ("an encrypted one", "a.b.c.d.e".to_owned()),
        (
            "one without a signature that says it has one",
            unsigned(&all).replacen("eyJhbGciOiJub25lIn0", "eyJhbGciOiJFUzI1NiJ9", 1),
        ),
        ("one with a signature that says it has none", format!("{}AAAA", unsigned(&all))),
        ("somebody else's", foreign.signs(&all)),
        ("one that was changed", forged.put_together()),
        ("one for something else", key.signs_under(&typed, &all)),
        ("an extension", key.signs_under(&json!({"alg": "ES256", "crit": ["exp"]}), &all)),
        ("an assertion", key.signs(&assertion(world.issuer(), &client.id, now))),
        ("a list", key.signs(&json!([]))),
        ("a member twice", doubled),
        ("another client's", changed(json!({"iss": other.id}))),
        ("about another client", changed(json!({"client_id": other.id}))),
        ("for another response", changed(json!({"response_type": "token"}))),
        ("for another server", changed(json!({"aud": "https://else.example"}))),
        ("for nobody", changed(json!({"aud": []}))),
        ("an old one", changed(json!({"exp": now.plus(-30)}))),
        ("one of tomorrow", changed(json!({"nbf": now.plus(31)}))),
        ("one made tomorrow", changed(json!({"iat": now.plus(31)}))),
        ("a time that is none", changed(json!({"exp": "soon"}))),
        ("another object in it", changed(json!({"request": "x.y."}))),
        ("another address in it", changed(json!({"request_uri": "https://shop.example/r"}))),
        ("a state that is no text", changed(json!({"state": true}))),
        ("a list of scopes", changed(json!({"scope": ["openid"]}))),
        ("resources that are no texts", changed(json!({"resource": [1]}))),
        ("a text with NUL in it", changed(json!({"state": "a\u{0}"}))),
    ] {
        let arrived = Browser::default().opens(&world, &request(&client, &[("request", &object)])).await;
        assert_eq!(arrived.error(&world), "invalid_request_object", "{what}");
        assert_eq!(arrived.told(&world)["state"], "a state & more", "{what}");
    }
}

async fn what_it_says_is_judged_as_a_query_is(backend: Backend) {
    let world = backend.world().await;
    let client = world.web_app(|_| ()).await;
    let all = all(&world, &client);
    let good = unsigned(&all);
    for changes in [
        &[("request", good.as_str()), ("request_uri", "https://shop.example/r")][..],
        &[("request", &good), ("request", &good)],
    ] {
        let arrived = Browser::default().opens(&world, &request(&client, changes)).await;
        assert_eq!(arrived.error(&world), "invalid_request", "{changes:?}");
    }
    for (changes, code) in [
        (json!({"scope": "unheard-of"}), "invalid_scope"),
        (json!({"prompt": "none"}), "login_required"),
        (json!({"max_age": -1}), "invalid_request"),
        (json!({"resource": ["https://else.example"]}), "invalid_target"),
        (json!({"claims": {"id_token": []}}), "invalid_request"),
    ] {
        let path = request(&client, &[("request", &unsigned(&with(all.clone(), changes.clone())))]);
        let arrived = Browser::default().opens(&world, &path).await;
        assert_eq!(
            (arrived.error(&world).as_str(), arrived.told(&world)["state"].as_str()),
            (code, "written"),
            "{changes}"
        );
    }
}

async fn only_the_algorithm_that_the_client_registered_is_taken(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let (ec, rsa) = (ClientKey::new("ES256", "ec"), ClientKey::new("RS256", "rsa"));
    for (registered, good) in [("ES256", 0), ("RS256", 1), ("none", 2)] {
        let client = world
            .web_app(|m| {
                m.jwks = Some(ClientKey::set(&[&ec, &rsa]));
                m.request_object_signing_alg = Some(registered.parse().expect("an algorithm"));
            })
            .await;
        let all = all(&world, &client);
        for (index, object) in [ec.signs(&all), rsa.signs(&all), unsigned(&all)].iter().enumerate() {
            if index == good {
                works(&world, (&client, &ann), &alone(&client, "request", object)).await;
                continue;
            }
            let arrived = Browser::default().opens(&world, &request(&client, &[("request", object)])).await;
            assert_eq!(arrived.error(&world), "invalid_request_object", "{registered} {index}");
        }
    }
}

async fn nobody_is_sent_where_only_a_bad_one_says(backend: Backend) {
    let world = backend.world().await;
    let key = ClientKey::new("ES256", "mine");
    let client = world.web_app(|_| ()).await;
    let gone = world.web_app(|_| ()).await;
    world.disable(&gone.id, Some(world.clock.now())).await;
    let unknown = Persona { id: "nobody".to_owned(), ..client.clone() };
    let (bad, good) = (key.signs(&all(&world, &client)), unsigned(&all(&world, &client)));
    for path in [
        alone(&client, "request", &bad),
        alone(&gone, "request", &unsigned(&all(&world, &gone))),
        alone(&unknown, "request", &good),
        alone(&client, "request", &good).replace("client_id=", "client_is="),
        request(&client, &[("redirect_uri", "https://else.example"), ("request", &bad)]),
    ] {
        let arrived = Browser::default().opens(&world, &path).await;
        assert_eq!(arrived.page().status, 400, "{path}: {arrived:?}");
    }
}
