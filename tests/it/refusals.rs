//! What bad input gets: RFC 6749 §5.2 on every endpoint that a program calls, whatever is wrong; RFC 9457 elsewhere.

mod bodies;
mod requests;

use crate::harness::{Backend, INTROSPECT, Persona, REVOKE, TOKEN, World};

/// Everything that a bad request may be made of.
struct Bad {
    world: World,
    client: Persona,
    /// A live token of the client.
    token: String,
}

/// The endpoints, and the form that each would take.
impl Bad {
    async fn start(backend: Backend) -> Self {
        let world = backend.world_with(|config| config.server.body_timeout_seconds = 1).await;
        let client = world.service_client(|_| ()).await;
        let token = client.token(&world).await.text;
        Self { world, client, token }
    }

    fn endpoints(&self) -> [(&'static str, (&'static str, String)); 3] {
        [
            (TOKEN, ("grant_type", "client_credentials".to_owned())),
            (INTROSPECT, ("token", self.token.clone())),
            (REVOKE, ("token", self.token.clone())),
        ]
    }

    /// What must never come back.
    fn kept(&self) -> [&str; 2] {
        [&self.client.secret, &self.token]
    }

    /// However it was asked before, the server is well and nothing happened to the token.
    async fn all_is_well(&self) {
        assert!(self.client.sees_alive(&self.world, &self.token).await);
        self.client.token(&self.world).await;
    }
}
