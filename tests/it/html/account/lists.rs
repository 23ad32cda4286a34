//! Where somebody is signed in, and which apps have access: on the pages, at the API, and how both end.

use reqwest::Method;
use serde_json::{Value, json};

use super::{is_at, says, signed_in};
use crate::api::Governed;
use crate::api::admin::USERS;
use crate::api::people::SESSIONS;
use crate::authorize::{CALLBACK, VERIFIER, all_the_way, exchange, request, shop};
use crate::harness::{Answer, Arrived, Backend, Browser, Node, Token, User, stories};

stories![
    people_see_where_they_are_signed_in_and_end_it,
    a_browser_is_a_session_at_the_api_too,
    an_app_that_loses_its_access_loses_what_it_had,
    consents_are_listed_and_withdrawn_at_the_api,
];

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CONSENTS: &str = "/api/v1/users/me/consents";

/// Signs in with a browser that says what it is, behind a proxy that says where it is.
async fn signed_in_with(node: &Node, user: &User, device: &str, address: &str) -> Browser {
    let mut browser = Browser {
        headers: vec![("user-agent", device.to_owned()), ("x-forwarded-for", address.to_owned())],
        ..Browser::default()
    };
    let page = browser.opens(node, "/login").await;
    assert!(is_at(&browser.signs_in(node, &page, user).await, "/account"));
    browser
}

async fn people_see_where_they_are_signed_in_and_end_it(backend: Backend) {
    let world = backend
        .world_with(|config| config.server.trusted_proxies = vec!["127.0.0.0/8".parse().expect("a network")])
        .await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let mut firefox = signed_in_with(&world, &ann, FIREFOX, "192.0.2.7").await;
    world.advance(60);
    let mut phone = signed_in_with(&world, &ann, "<b>A phone</b>", "2001:db8::7").await;
    let session = world.login(&ann).await;
    let (_, bobs) = signed_in(&world, &bob).await;

    let path = "/account/sessions";
    let page = firefox.opens(&world, path).await;
    for said in ["Firefox on Linux", "192.0.2.7", "&lt;b&gt;A phone&lt;", "2001:db8::7", "First party", "This browser"]
    {
        assert!(says(&page, said), "{said}: {page:?}");
    }
    assert!(!says(&page, "<b>A phone"), "{page:?}");
    let german = firefox.opens(&world, &format!("{path}?ui_locales=de")).await;
    assert!(says(&german, "Firefox auf Linux") && says(&german, "Dieser Browser"), "{german:?}");
    let ends: Vec<_> =
        page.forms_to(path).into_iter().filter(|form| form.iter().any(|(name, _)| name == "end")).collect();
    assert_eq!(ends.len(), 2, "all but the own one: {page:?}");

    // What is another's is not there.
    let foreign = world.texts(&format!("SELECT id FROM sessions WHERE user_id = '{}'", bob.id)).await;
    let mark = ("form".to_owned(), page.forms_to(path)[0][0].1.clone());
    let refused = firefox.sends_filled(&world, path, &[mark, ("end".to_owned(), foreign[0].clone())], &[]).await;
    assert_eq!(refused.page().status, 404, "{refused:?}");
    assert!(says(&bobs, "value=\"bob\""), "{bobs:?}");

    let of_phone = world.texts("SELECT id FROM sessions WHERE address = '2001:db8::7'").await;
    let form = ends.iter().find(|form| form.contains(&("end".to_owned(), of_phone[0].clone()))).expect("its form");
    let page = firefox.sends_filled(&world, path, form, &[]).await;
    assert!(is_at(&page, path) && says(&page, "That session is over.") && !says(&page, "2001:db8::7"), "{page:?}");
    assert!(phone.opens(&world, "/account").await.asks_for_password());
    assert!(session.me(&world).await.status == 200);
    assert_eq!(firefox.sends_filled(&world, path, form, &[]).await.page().status, 404, "it is over already");

    let others =
        page.forms_to(path).into_iter().find(|form| form.iter().all(|(name, _)| name != "end")).expect("a form");
    let page = firefox.sends_filled(&world, path, &others, &[("others", "yes")]).await;
    assert!(says(&page, "Everywhere else you have been signed out.") && says(&page, "nowhere else"), "{page:?}");
    assert!(!session.lives(&world).await && is_at(&firefox.opens(&world, "/account").await, "/account"));
    let ended = world.texts("SELECT target_kind FROM audit_log WHERE act = 'session_ended'").await;
    assert_eq!(ended, ["session"]);
}

async fn listed(node: &Node, token: &str, path: &str) -> Vec<Value> {
    let answer = node.send(node.request(Method::GET, path).bearer_auth(token)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["items"].as_array().expect("a list").clone()
}

async fn ended(node: &Node, token: &str, path: &str) -> Answer {
    node.send(node.request(Method::DELETE, path).bearer_auth(token)).await
}

async fn a_browser_is_a_session_at_the_api_too(backend: Backend) {
    let governed = Governed::of(backend.world().await).await;
    let world = &governed.world;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let start = world.clock.now().seconds();
    let session = world.login(&ann).await;
    for by_admin in [false, true] {
        world.advance(1);
        let mut browser = signed_in_with(world, &ann, FIREFOX, "192.0.2.7").await;
        let of_ann = format!("{USERS}/{}/sessions", ann.id);
        let (token, path) = if by_admin { (&governed.token, of_ann.as_str()) } else { (&session.access, SESSIONS) };
        let sessions = listed(world, token, path).await;
        assert_eq!(sessions.len(), 2, "{sessions:?}");
        let (newest, first) = (&sessions[0], &sessions[1]);
        assert_eq!(
            (&newest["kind"], &newest["device"], &first["kind"]),
            (&json!("browser"), &json!(FIREFOX), &json!("client"))
        );
        assert_eq!(
            (&newest["client_id"], &newest["scope"], &first["created_at"]),
            (&Value::Null, &Value::Null, &json!(start))
        );
        let page = world.send(world.request(Method::GET, &format!("{path}?limit=1")).bearer_auth(token)).await.json();
        let next = page["next"].as_str().expect("another page");
        assert_eq!(page["items"][0]["id"], newest["id"]);
        assert_eq!(listed(world, token, &format!("{path}?limit=1&after={next}")).await[0]["id"], first["id"]);

        let one = format!("{path}/{}", newest["id"].as_str().expect("an id"));
        let bobs = world.login(&bob).await;
        if !by_admin {
            ended(world, &bobs.access, &one).await.is_problem(404, "not_found");
        }
        assert!(is_at(&browser.opens(world, "/account").await, "/account"));
        assert_eq!(ended(world, token, &one).await.status, 204);
        assert!(browser.opens(world, "/account").await.asks_for_password());
        ended(world, token, &one).await.is_problem(404, "not_found");
    }
    let mut browser = signed_in_with(world, &ann, FIREFOX, "192.0.2.7").await;
    assert_eq!(ended(world, &governed.token, &format!("{USERS}/{}/sessions", ann.id)).await.status, 204);
    assert!(browser.opens(world, "/account").await.asks_for_password() && !session.lives(world).await);
}

const OFFLINE: [(&str, &str); 1] = [("scope", "openid email offline_access")];

/// Tokens, and a code that is not exchanged yet.
async fn with_access(
    node: &Node,
    client: &crate::harness::Persona,
    browser: &mut Browser,
    user: &User,
) -> (Token, String) {
    let code = all_the_way(browser, node, user, &request(client, &OFFLINE)).await.code(node);
    let token = Token::of(&exchange(client, node, &code, &[]).await);
    (token, browser.opens(node, &request(client, &OFFLINE)).await.code(node))
}

async fn is_dead(node: &Node, client: &crate::harness::Persona, token: &Token, code: &str) -> bool {
    let exchanged = exchange(client, node, code, &[("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]).await;
    let refreshed = client.refresh(node, token.next(), &[]).await;
    let dead = exchanged.status == 400 && refreshed.status == 400;
    assert_eq!(dead, !client.sees_alive(node, &token.text).await, "all of it lives and ends together");
    dead
}

async fn an_app_that_loses_its_access_loses_what_it_had(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let library = world.web_app(|m| m.client_name = Some("Library".to_owned())).await;
    let (mut browser, _) = signed_in(&world, &ann).await;
    let path = "/account/apps";
    assert!(says(&browser.opens(&world, path).await, "You have not given any app access."));
    let (token, code) = with_access(&world, &client, &mut browser, &ann).await;
    let (other, _) = with_access(&world, &library, &mut browser, &ann).await;
    let page = browser.opens(&world, path).await;
    for said in ["<h2>Shop</h2>", "<h2>Library</h2>", "See your email address", "Stay signed in while you are away"] {
        assert!(says(&page, said), "{said}: {page:?}");
    }
    let forms = page.forms_to(path);
    let form = forms.iter().find(|form| form.contains(&("client_id".to_owned(), client.id.clone()))).expect("a form");
    let page = browser.sends_filled(&world, path, form, &[]).await;
    assert!(is_at(&page, path) && says(&page, "The app has no access any more."), "{page:?}");
    assert!(!says(&page, "<h2>Shop</h2>") && says(&page, "<h2>Library</h2>"), "{page:?}");
    assert!(is_dead(&world, &client, &token, &code).await);
    assert!(library.sees_alive(&world, &other.text).await, "another app keeps what it has");
    let asked: Arrived = browser.opens(&world, &request(&client, &OFFLINE)).await;
    assert!(asked.asks_for_consent(), "{asked:?}");
    assert_eq!(browser.sends_filled(&world, path, form, &[]).await.page().status, 404);
    let acts = world.texts("SELECT client_id FROM audit_log WHERE act = 'consent_withdrawn'").await;
    assert_eq!(acts, std::slice::from_ref(&client.id));
}

async fn consents_are_listed_and_withdrawn_at_the_api(backend: Backend) {
    let (world, client, ann) = shop(backend).await;
    let bob = world.user("bob").await;
    let library = world.web_app(|_| ()).await;
    let mut browser = Browser::default();
    let now = world.clock.now().seconds();
    let (token, _) = with_access(&world, &client, &mut browser, &ann).await;
    with_access(&world, &library, &mut browser, &ann).await;
    let code = browser.opens(&world, &request(&client, &OFFLINE)).await.code(&world);
    let (session, bobs) = (world.login(&ann).await, world.login(&bob).await);
    let consents = listed(&world, &session.access, CONSENTS).await;
    assert_eq!(consents.len(), 2, "{consents:?}");
    let consent = consents.iter().find(|consent| consent["client_id"] == json!(client.id)).expect("the shop's");
    let expected = json!({
        "client_id": client.id, "client_name": "Shop", "scope": consent["scope"], "created_at": now, "updated_at": now,
    });
    assert_eq!(consent, &expected);
    let mut scopes: Vec<&str> = consent["scope"].as_str().expect("scopes").split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["email", "offline_access", "openid"]);
    let page =
        world.send(world.request(Method::GET, &format!("{CONSENTS}?limit=1")).bearer_auth(&session.access)).await;
    let next = page.json()["next"].as_str().expect("another page").to_owned();
    let rest = listed(&world, &session.access, &format!("{CONSENTS}?after={next}")).await;
    assert_eq!((&page.json()["items"][0], &rest), (&consents[0], &consents[1..].to_vec()));

    assert!(listed(&world, &bobs.access, CONSENTS).await.is_empty());
    let path = format!("{CONSENTS}/{}", client.id);
    ended(&world, &bobs.access, &path).await.is_problem(404, "not_found");
    let answer = ended(&world, &session.access, &path).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert!(is_dead(&world, &client, &token, &code).await);
    assert_eq!(listed(&world, &session.access, CONSENTS).await.len(), 1);
    for gone in [path.as_str(), "/api/v1/users/me/consents/%00", "/api/v1/users/me/consents/nobody"] {
        ended(&world, &session.access, gone).await.is_problem(404, "not_found");
    }
    world.get(CONSENTS).await.is_problem(401, "invalid_token");
}
