//! What is done to an account is in force at once, on every node.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ROLES, SHORT, USERS, at, send};
use crate::api::Governed;
use crate::api::people::{RESET, Session, VERIFY, a_password, token_of_letter, with_letters};
use crate::harness::{A_SECOND, Backend, Node, Token, User, World, resources, scopes, stories, within};

stories![
    who_is_shut_out_is_out_at_once_everywhere,
    roles_that_are_taken_are_gone_at_once_everywhere,
    what_a_role_carries_is_in_force_within_a_second,
    a_password_that_was_set_is_the_only_one,
    whoever_must_reset_gets_a_letter,
    another_address_ends_the_links_to_the_older_one,
    unlocking_forgives_wrong_passwords,
    sessions_are_listed_and_ended,
];

const API: &str = "https://desk.example";

/// A user at an app whose tokens are for another API, and at this server's own.
struct Everywhere {
    app: crate::harness::Persona,
    watcher: crate::harness::Persona,
    user: User,
    here: Session,
    there: Token,
}

impl Everywhere {
    async fn of(world: &World, user: &User) -> Self {
        let watcher = world.service_client(|_| ()).await;
        world.resource(API, "desk:read", &[&watcher.id]).await;
        let app = world
            .app(|m| {
                m.audience = resources([API]);
                m.scope = scopes("desk:read");
            })
            .await;
        let (here, there) = (world.login(user).await, app.signed_in(world, user, &[]).await);
        Self { app, watcher, user: user.clone(), here, there }
    }

    /// What the other API hears of the token there, and whether the one here is good.
    async fn seen(&self, node: &Node) -> (Value, bool) {
        (self.watcher.introspect(node, &self.there.text).await, self.here.me(node).await.status == 200)
    }

    async fn is_in(&self, node: &Node) -> bool {
        let (there, here) = self.seen(node).await;
        assert_eq!(there["active"], here, "both or none");
        here
    }

    async fn signs_in(&self, node: &Node) -> bool {
        let here = node.try_login(&self.user.username, &self.user.password).await.status == 200;
        let there = self.app.sign_in(node, &self.user, &[]).await.status == 200;
        assert_eq!(here, there, "both or none");
        here
    }
}

async fn with_a_desk(backend: Backend) -> Governed {
    let governed = Governed::start(backend).await;
    governed.world.scopes(["desk:read"]).await;
    governed.role_with("clerk", &["desk:read"]).await;
    governed
}

async fn who_is_shut_out_is_out_at_once_everywhere(backend: Backend) {
    let governed = with_a_desk(backend).await;
    let another = governed.world.another_node().await;
    for (name, shut, open, member) in
        [("ann", "disable", Some("enable"), "enabled"), ("bob", "lock", Some("unlock"), "locked")]
    {
        let user = governed.hires(name, &["clerk"]).await;
        let in_person = Everywhere::of(&governed.world, &user).await;
        another.look().await;
        another.look().await;
        assert!(in_person.is_in(&another).await);
        let answer = governed.act(&format!("{}/{shut}", at(&user))).await;
        assert_eq!((answer.status, &answer.json()[member]), (200, &json!(member == "locked")), "{answer:?}");
        assert!(!in_person.is_in(&another).await && !in_person.is_in(&governed.world).await, "{shut}");
        assert!(!in_person.signs_in(&another).await, "{shut}");
        let refreshed = in_person.app.refresh(&another, in_person.there.next(), &[]).await;
        refreshed.is_refused(400, "invalid_grant");
        // Once more changes nothing.
        assert_eq!(governed.act(&format!("{}/{shut}", at(&user))).await.status, 200);
        let open = open.expect("a way back");
        let answer = governed.act(&format!("{}/{open}", at(&user))).await;
        assert_eq!(answer.json()[member], json!(member == "enabled"), "{answer:?}");
        assert!(in_person.signs_in(&another).await, "{open}");
        assert!(!in_person.is_in(&another).await, "what ended stays so");
    }
    let user = governed.hires("cem", &["clerk"]).await;
    let in_person = Everywhere::of(&governed.world, &user).await;
    another.look().await;
    assert_eq!(governed.delete(&format!("{}/sessions", at(&user))).await.status, 204);
    assert!(!in_person.is_in(&another).await && in_person.signs_in(&another).await);
    let in_person = Everywhere::of(&governed.world, &user).await;
    another.look().await;
    assert_eq!(governed.delete(&format!("{}?erase=true", at(&user))).await.status, 204);
    assert!(!in_person.is_in(&another).await && !in_person.signs_in(&another).await);
}

async fn roles_that_are_taken_are_gone_at_once_everywhere(backend: Backend) {
    let governed = with_a_desk(backend).await;
    let another = governed.world.another_node().await;
    let user = governed.hires("ann", &["clerk", "admin"]).await;
    let in_person = Everywhere::of(&governed.world, &user).await;
    another.look().await;
    let lists = async || send(&another, &in_person.here.access, Method::GET, SHORT, None).await.status;
    assert_eq!((&in_person.seen(&another).await.0["scope"], lists().await), (&json!("desk:read"), 200));
    let answer = governed.put(&format!("{}/roles", at(&user)), &json!({"roles": ["user"]})).await;
    assert_eq!((answer.status, &answer.json()["roles"]), (200, &json!(["user"])), "{answer:?}");
    let (seen, here) = in_person.seen(&another).await;
    assert!(here && seen["active"] == true && seen.get("scope").is_none(), "{seen}");
    assert_eq!(lists().await, 403);
    governed.put(&format!("{}/roles", at(&user)), &json!({"roles": ["clerk", "user", "clerk"]})).await;
    assert_eq!(in_person.seen(&another).await.0["scope"], "desk:read", "and what is given is there at once");
    // A role that goes is taken from everybody.
    assert_eq!(governed.delete(&format!("{ROLES}/clerk")).await.status, 204);
    assert!(in_person.seen(&another).await.0.get("scope").is_none());
    assert_eq!(governed.get(&at(&user)).await.json()["roles"], json!(["user"]));
}

async fn what_a_role_carries_is_in_force_within_a_second(backend: Backend) {
    let governed = with_a_desk(backend).await;
    let another = governed.world.another_node().await;
    let user = governed.hires("ann", &["clerk"]).await;
    let in_person = Everywhere::of(&governed.world, &user).await;
    another.look().await;
    for (scopes, told) in [(json!([]), Value::Null), (json!(["desk:read"]), json!("desk:read"))] {
        let answer = governed.put(&format!("{ROLES}/clerk"), &json!({ "scopes": scopes })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        for node in [&*governed.world, &another] {
            let holds = async || in_person.seen(node).await.0.get("scope").cloned().unwrap_or_default() == told;
            within(A_SECOND, "the role is known", holds).await;
        }
    }
}

async fn a_password_that_was_set_is_the_only_one(backend: Backend) {
    let governed = with_a_desk(backend).await;
    let another = governed.world.another_node().await;
    let user = governed.hires("ann", &["clerk"]).await;
    let in_person = Everywhere::of(&governed.world, &user).await;
    another.look().await;
    let password = a_password();
    let answer = governed.put(&format!("{}/password", at(&user)), &json!({ "password": password })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.never_says(&[&password]);
    assert!(!in_person.is_in(&another).await && !in_person.signs_in(&another).await);
    another.login(&User { password, ..user }).await;
}

async fn whoever_must_reset_gets_a_letter(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let governed = Governed::of(world).await;
    let user = governed.hires("ann", &[]).await;
    let session = governed.world.login(&user).await;
    let answer = governed.act(&format!("{}/force-reset", at(&user))).await;
    assert_eq!((answer.status, &answer.json()["must_reset_password"]), (200, &json!(true)), "{answer:?}");
    assert!(!session.lives(&governed.world).await);
    assert_ne!(governed.world.try_login("ann", &user.password).await.status, 200);
    let (token, password) = (token_of_letter(&mailbox, &user.email, 1).await, a_password());
    let reset = governed.world.tell(RESET, &json!({"token": token, "password": password})).await;
    assert_eq!(reset.status, 204, "{reset:?}");
    assert_eq!(governed.get(&at(&user)).await.json()["must_reset_password"], false);
    governed.world.login(&User { password, ..user }).await;
}

async fn another_address_ends_the_links_to_the_older_one(backend: Backend) {
    let (world, mailbox) = with_letters(backend, |_| ()).await;
    let governed = Governed::of(world).await;
    let user = governed.hires("ann", &[]).await;
    let session = governed.world.login(&user).await;
    let body = json!({"email": "thief@example.org", "current_password": user.password});
    assert_eq!(session.patch(&governed.world, body).await.status, 200);
    let thiefs = token_of_letter(&mailbox, "thief@example.org", 1).await;
    let whole = |email: &str| json!({"username": "ann", "email": email, "name": "Ann"});
    assert_eq!(governed.put(&at(&user), &whole("thief@example.org")).await.status, 200);
    let links = "SELECT email FROM one_time_tokens";
    assert_eq!(governed.world.texts(links).await, ["thief@example.org"], "it is the same address");
    assert_eq!(governed.put(&at(&user), &whole(&user.email)).await.status, 200);
    governed.world.tell(VERIFY, &json!({ "token": thiefs })).await.is_problem(400, "invalid_grant");
    assert_eq!(governed.get(&at(&user)).await.json()["email"], user.email.as_str());
}

async fn unlocking_forgives_wrong_passwords(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.limits.enabled = true;
            config.limits.lock_after = 3;
            config.limits.longest_slow_down_milliseconds = 0;
            config.limits.api_calls_per_minute = 1_000;
        })
        .await;
    let governed = Governed::of(world).await;
    let user = governed.hires("ann", &[]).await;
    for name in ["ann", "ANN@example.org"] {
        for _ in 0..3 {
            assert_eq!(governed.world.try_login(name, "not this one").await.status, 401);
        }
        assert_eq!(governed.world.try_login(name, &user.password).await.status, 401, "locked");
        assert_eq!(governed.get(&at(&user)).await.json()["locked"], false, "nobody locked the account");
        assert_eq!(governed.act(&format!("{}/unlock", at(&user))).await.status, 200);
        assert_eq!(governed.world.try_login(name, &user.password).await.status, 200);
    }
}

async fn sessions_are_listed_and_ended(backend: Backend) {
    let governed = Governed::start(backend).await;
    let world = &governed.world;
    let (ann, bob) = (governed.hires("ann", &[]).await, governed.hires("bob", &[]).await);
    let path = format!("{}/sessions", at(&ann));
    assert_eq!(governed.get(&path).await.json(), json!({"items": [], "next": null}));
    let (one, other, bobs) = (world.login(&ann).await, world.login(&ann).await, world.login(&bob).await);
    let listed = governed.get(&path).await.json();
    let items = listed["items"].as_array().expect("a list");
    assert_eq!(items.len(), 2, "{listed}");
    let now = world.clock.now().seconds();
    for item in items {
        assert_eq!((&item["client_id"], &item["address"]), (&json!("first-party"), &json!("127.0.0.1")), "{item}");
        assert_eq!((&item["created_at"], &item["last_used_at"]), (&json!(now), &json!(now)), "{item}");
    }
    let of_bob = governed.get(&format!("{USERS}/{}/sessions", bob.id)).await.json();
    let id = |session: &Value| session["id"].as_str().expect("an id").to_owned();
    let foreign = format!("{path}/{}", id(&of_bob["items"][0]));
    governed.delete(&foreign).await.is_problem(404, "not_found");
    assert!(bobs.lives(world).await, "a session is found under its own user alone");
    let first = format!("{path}/{}", id(&items[0]));
    assert_eq!(governed.delete(&first).await.status, 204);
    governed.delete(&first).await.is_problem(404, "not_found");
    let lives = [one.me(world).await.status, other.me(world).await.status];
    assert_eq!(lives.iter().filter(|status| **status == 200).count(), 1, "{lives:?}");
    assert_eq!(governed.delete(&path).await.status, 204);
    assert_eq!(governed.get(&path).await.json(), json!({"items": [], "next": null}));
    assert!(!one.lives(world).await && !other.lives(world).await);
}
