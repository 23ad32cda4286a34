//! People at the first-party API, what they hold, and the letters that they get.

use countersign::config::Config;
use countersign::secret::random_id;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::harness::{A_WHILE, Answer, Backend, Mailbox, Node, User, World, secrets, within};

pub const REGISTER: &str = "/api/v1/auth/register";
pub const LOGIN: &str = "/api/v1/auth/login";
pub const REFRESH: &str = "/api/v1/auth/refresh";
pub const LOGOUT: &str = "/api/v1/auth/logout";
pub const VERIFY: &str = "/api/v1/auth/verify-email";
pub const RESEND: &str = "/api/v1/auth/verify-email/resend";
pub const FORGOT: &str = "/api/v1/auth/forgot-password";
pub const RESET: &str = "/api/v1/auth/reset-password";
pub const CHANGE: &str = "/api/v1/auth/change-password";
pub const ME: &str = "/api/v1/users/me";
pub const SESSIONS: &str = "/api/v1/users/me/sessions";

/// Nobody's password.
pub const WRONG: &str = "not this one";

/// What somebody holds who is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    pub access: String,
    pub refresh: String,
    pub answer: Value,
}

impl Session {
    pub fn of(answer: &Answer) -> Self {
        assert!([200, 201].contains(&answer.status), "{answer:?}");
        let answer = answer.json();
        let token = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{name}: {answer}")).to_owned();
        Self { access: token("access_token"), refresh: token("refresh_token"), answer }
    }

    pub async fn send(&self, node: &Node, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.send_with(node, method, path, &[], body).await
    }

    pub async fn send_with(
        &self,
        node: &Node,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let request = node.request(method, path).bearer_auth(&self.access);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        node.send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    pub async fn me(&self, node: &Node) -> Answer {
        self.send(node, Method::GET, ME, None).await
    }

    pub async fn patch(&self, node: &Node, body: Value) -> Answer {
        self.send(node, Method::PATCH, ME, Some(&body)).await
    }

    /// Whether both of its tokens are good; the refresh token is renewed by that.
    pub async fn lives(&self, node: &Node) -> bool {
        let access = self.me(node).await.status == 200;
        let refresh = node.tell(REFRESH, &json!({ "refresh_token": self.refresh })).await.status == 200;
        assert_eq!(access, refresh, "the tokens of a session live and end together");
        access
    }
}

impl Node {
    /// Posts JSON without a token.
    pub async fn tell(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// The same through a proxy, for somebody at this address.
    pub async fn tell_from(&self, address: &str, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).header("x-forwarded-for", address).json(body)).await
    }

    pub async fn try_login(&self, name: &str, password: &str) -> Answer {
        let answer = self.tell(LOGIN, &json!({"username": name, "password": password})).await;
        answer.never_says(&[password]);
        answer
    }

    pub async fn login(&self, user: &User) -> Session {
        Session::of(&self.try_login(&user.username, &user.password).await)
    }

    /// Registers at a server that signs in at once.
    pub async fn registers(&self, username: &str) -> (User, Session) {
        let (mut user, body) = somebody(username);
        let session = Session::of(&self.tell(REGISTER, &body).await);
        user.id = session.answer["user"]["id"].as_str().expect("an id").to_owned();
        (user, session)
    }
}

/// Somebody who has no account yet, and what they send to get one.
pub fn somebody(username: &str) -> (User, Value) {
    let user = User {
        id: String::new(),
        username: username.to_owned(),
        email: format!("{username}@example.org").to_lowercase(),
        password: a_password(),
    };
    let body = json!({"username": username, "email": user.email, "password": user.password});
    (user, body)
}

pub fn a_password() -> String {
    let password = format!("Only a story {}", random_id());
    secrets::note(&password);
    password
}

/// A world whose letters go to a mailbox.
pub async fn with_letters(backend: Backend, settings: impl FnOnce(&mut Config)) -> (World, Mailbox) {
    let mailbox = Mailbox::open_to_all().await;
    let world = backend
        .world_with(|config| {
            mailbox.serves(config);
            settings(config);
        })
        .await;
    (world, mailbox)
}

/// The token in the link of the newest letter to an address, once there are so many.
pub async fn token_of_letter(mailbox: &Mailbox, address: &str, number: usize) -> String {
    within(A_WHILE, "the letter arrives", async || mailbox.letters_to(address).len() >= number).await;
    let letters = mailbox.letters_to(address);
    assert_eq!(letters.len(), number, "{letters:?}");
    let link = letters[number - 1].link();
    let (_, token) = link.split_once("?token=").unwrap_or_else(|| panic!("a token: {link}"));
    secrets::note(token);
    token.to_owned()
}

/// Everything that a caller can see of an answer, but for what differs from one request to the next.
pub fn visible(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let id = answer.header("x-request-id");
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().expect("text").replace(id, "<id>")));
    (answer.status, headers.collect(), answer.body.replace(id, "<id>"))
}

/// A form, as old clients send it.
pub async fn post_form(node: &Node, path: &str, form: &str) -> Answer {
    let request = node.request(Method::POST, path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    node.send(request.body(form.to_owned())).await
}
