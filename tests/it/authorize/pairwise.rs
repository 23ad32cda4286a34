//! Clients that know users by names of their own (OpenID Connect Core §8).

use countersign::audit::By;
use countersign::clients;
use countersign::protocol::client_metadata::{ClientMetadata, SubjectType};
use serde_json::{Value, json};

use super::{CALLBACK, all_the_way, exchange, request, shop};
use crate::harness::forge::Parts;
use crate::harness::{Backend, Browser, Node, Persona, Token, User, World, stories};
use crate::userinfo::{ask, told};

stories![
    clients_of_one_sector_know_a_user_by_one_name,
    a_client_is_told_the_id_nowhere,
    whom_a_client_means_it_says_by_its_own_name,
    what_would_tell_ids_is_not_registered,
];

async fn pairwise(world: &World, sector: &str) -> Persona {
    let sector = format!("https://{sector}/redirects.json");
    world
        .web_app(|m| {
            m.subject_type = SubjectType::Pairwise;
            m.sector_identifier_uri = Some(sector);
        })
        .await
}

async fn signed_in(client: &Persona, node: &Node, user: &User) -> Token {
    let path = request(client, &[("scope", "openid email offline_access")]);
    let code = all_the_way(&mut Browser::default(), node, user, &path).await.code(node);
    Token::of(&exchange(client, node, &code, &[]).await)
}

fn subject(token: &Token) -> Value {
    Parts::of(token.id_token().expect("one")).claims["sub"].clone()
}

async fn clients_of_one_sector_know_a_user_by_one_name(backend: Backend) {
    let (world, public, ann) = shop(backend).await;
    let bob = world.user("bob").await;
    let another_node = world.another_node().await;
    let [one, sister, other] = ["group.example", "group.example", "other.example"];
    let (one, sister, other) =
        (pairwise(&world, one).await, pairwise(&world, sister).await, pairwise(&world, other).await);
    another_node.look().await;
    let of_one = subject(&signed_in(&one, &world, &ann).await);
    assert_eq!(subject(&signed_in(&one, &another_node, &ann).await), of_one, "always, and on every node");
    assert_eq!(subject(&signed_in(&sister, &world, &ann).await), of_one);
    let of_other = subject(&signed_in(&other, &world, &ann).await);
    let of_bob = subject(&signed_in(&one, &world, &bob).await);
    let of_public = subject(&signed_in(&public, &world, &ann).await);
    assert_eq!(of_public, json!(ann.id));
    let mut names = [of_one, of_other, of_bob, of_public].map(|name| name.as_str().expect("a text").to_owned());
    assert!(names.iter().all(|name| !name.is_empty() && name.len() <= 255 && name.is_ascii()), "{names:?}");
    names.sort();
    assert!(names.windows(2).all(|two| two[0] != two[1]), "{names:?}");
    // Without a URI the sector is the host where the client is answered.
    let implied = world.web_app(|m| m.subject_type = SubjectType::Pairwise).await;
    let named = pairwise(&world, "shop.example").await;
    let of_host = subject(&signed_in(&implied, &world, &ann).await);
    assert_eq!(of_host, subject(&signed_in(&named, &world, &ann).await), "{CALLBACK}");
}

async fn a_client_is_told_the_id_nowhere(backend: Backend) {
    let (world, _, ann) = shop(backend).await;
    let client = pairwise(&world, "group.example").await;
    let token = signed_in(&client, &world, &ann).await;
    let name = subject(&token);
    let next = client.refreshed(&world, token.next(), &[]).await;
    assert_eq!((subject(&next), &next.claims["sub"], &token.claims["sub"]), (name.clone(), &name, &name));
    for answer in [
        told(&world, &next.text).await,
        client.introspect(&world, &next.text).await,
        client.introspect(&world, next.next()).await,
    ] {
        assert_eq!(answer["sub"], name, "{answer}");
        assert!(!answer.to_string().contains(&ann.id), "{answer}");
    }
    for token in [&token, &next] {
        let claims = (&token.claims, Parts::of(token.id_token().expect("one")).claims);
        assert!(!format!("{claims:?}").contains(&ann.id), "{claims:?}");
    }
    // The token still stands on its grant.
    world.lock(&ann, Some(world.clock.now())).await;
    assert_eq!(ask(&world, &next.text).await.status, 401);
}

async fn whom_a_client_means_it_says_by_its_own_name(backend: Backend) {
    let (world, public, ann) = shop(backend).await;
    let client = pairwise(&world, "group.example").await;
    let mut browser = Browser::default();
    let code = all_the_way(&mut browser, &world, &ann, &request(&client, &[])).await.code(&world);
    let token = Token::of(&exchange(&client, &world, &code, &[]).await);
    let (hint, name) = (token.id_token().expect("one").to_owned(), subject(&token));
    let by_id = json!({"id_token": {"sub": {"value": ann.id}}}).to_string();
    let by_name = json!({"id_token": {"sub": {"value": name}}}).to_string();
    for (named, is_meant) in
        [(("id_token_hint", hint.as_str()), true), (("claims", &by_name), true), (("claims", &by_id), false)]
    {
        let arrived = browser.opens(&world, &request(&client, &[named, ("prompt", "none")])).await;
        assert_eq!(arrived.told(&world).contains_key("code"), is_meant, "{named:?}: {arrived:?}");
    }
    let arrived = browser.opens(&world, &request(&public, &[("claims", &by_name), ("prompt", "none")])).await;
    assert_eq!(arrived.error(&world), "login_required");
}

async fn what_would_tell_ids_is_not_registered(backend: Backend) {
    let world = backend.world().await;
    let document = |scope: &str, subject_type: &str| {
        json!({"redirect_uris": [CALLBACK], "scope": scope, "subject_type": subject_type}).to_string()
    };
    for (scope, subject_type, is_good) in [
        ("openid account", "public", true),
        ("openid account", "pairwise", false),
        ("openid admin:users", "pairwise", false),
        ("openid email", "pairwise", true),
    ] {
        let metadata = ClientMetadata::parse(document(scope, subject_type).as_bytes()).expect("metadata");
        let made = clients::register(&world.app, metadata, &By::operator(), world.clock.now()).await;
        assert_eq!(made.is_ok(), is_good, "{scope} {subject_type}: {:?}", made.err());
    }
}
