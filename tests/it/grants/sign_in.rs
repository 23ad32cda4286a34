//! What a sign-in gives — RFC 6749 §3.3, RFC 8707 §2.

use countersign::failure::Reason;
use countersign::grants::sign_in::{Asked, decide};
use countersign::tokens::reach::Holder;

use crate::harness::{Backend, Persona, World, resources, scopes, sorted, tell};

const ORDERS: &str = "https://orders.example/api";
const STOCK: &str = "https://stock.example/api";
const SILENT: &str = "https://silent.example";

/// One that may have much for many APIs, and one that may have the same and names no API.
async fn clients(world: &World) -> (Persona, Persona) {
    world.scopes(["orders:read", "orders:write", "stock:read", "secret"]).await;
    world.resource(ORDERS, "orders:read orders:write", &[]).await;
    world.resource(STOCK, "stock:read", &[]).await;
    world.role("clerk", &["orders:read", "stock:read", "secret"]).await;
    world.role("manager", &["orders:write"]).await;
    let names = "openid email orders:read orders:write stock:read";
    let with = world.app(|m| {
        m.scope = scopes(names);
        m.audience = resources([ORDERS, STOCK, SILENT]);
    });
    (with.await, world.app(|m| m.scope = scopes(names)).await)
}

/// Scope asked for, resources asked for, what is granted, and which resources.
type Row = (&'static str, Option<&'static str>, &'static [&'static str], &'static str, &'static [&'static str]);

const WITH_AUDIENCES: [Row; 9] = [
    ("§3.3: without a word, a default", None, &[], "email openid orders:read", &[ORDERS]),
    (
        "§3.3: the server may ignore the scope partially",
        Some("orders:read orders:write"),
        &[],
        "orders:read",
        &[ORDERS],
    ),
    ("what says who somebody is needs no role", Some("email"), &[], "email", &[ORDERS]),
    ("... and no resource that knows of it", Some("openid stock:read"), &[STOCK], "openid stock:read", &[STOCK]),
    ("RFC 8707 §2.2: the resource limits the scope", Some("orders:read stock:read"), &[STOCK], "stock:read", &[STOCK]),
    ("several limit it together", None, &[STOCK, ORDERS], "email openid orders:read stock:read", &[STOCK, ORDERS]),
    ("one that does not say limits nothing", None, &[SILENT], "email openid orders:read stock:read", &[SILENT]),
    ("... nor beside others", Some("stock:read"), &[ORDERS, SILENT], "stock:read", &[ORDERS, SILENT]),
    ("one scope, twice", Some("email email"), &[], "email", &[ORDERS]),
];

const WITHOUT_AUDIENCES: [Row; 2] = [
    ("no audience is this server", Some("orders:read stock:read"), &[], "orders:read stock:read", &[]),
    ("§3.3: a default", None, &[], "email openid orders:read stock:read", &[]),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_is_told_by_rules() {
    tell(async {
        let world = Backend::Embedded.world().await;
        let directory = &world.app.directory;
        let (with, without) = clients(&world).await;
        let (known, roles) = (directory.scopes().await.expect("scopes"), directory.roles().await.expect("roles"));
        let existing = directory.resources().await.expect("resources");
        let holder = Holder::User { roles: &roles, of: &["clerk".to_owned()] };
        let decided = async |client: &Persona, scope: Option<&str>, uris: &[&str]| {
            let client = directory.client(&client.id).await.expect("an answer").expect("a client");
            let (scope, uris) = (scope.and_then(scopes), resources(uris.iter().copied()));
            let asked = Asked { scope: scope.as_ref(), resources: &uris };
            decide(&client, &asked, holder, &known, &existing, world.issuer()).map_err(|refused| refused.reason)
        };
        for (client, rows) in [(&with, &WITH_AUDIENCES[..]), (&without, &WITHOUT_AUDIENCES[..])] {
            for (rule, scope, uris, granted, audience) in rows {
                let decision =
                    decided(client, *scope, uris).await.unwrap_or_else(|reason| panic!("{rule}: {reason:?}"));
                assert_eq!(sorted(&decision.scope.to_string()).join(" "), *granted, "{rule}");
                assert_eq!(decision.audience, resources(audience.iter().copied()), "{rule}");
            }
        }
        for (rule, client, scope, uris, reason) in [
            ("§5.2: the requested scope is unknown", &with, Some("nothing"), &[][..], Reason::UnknownScope),
            ("... one of them", &with, Some("email nothing"), &[], Reason::UnknownScope),
            ("nothing is left: not by the roles", &with, Some("orders:write"), &[], Reason::NoScopeLeft),
            ("... not by the client", &with, Some("secret"), &[], Reason::NoScopeLeft),
            ("... not by the resource", &with, Some("stock:read"), &[ORDERS], Reason::NoScopeLeft),
            ("RFC 8707 §2: the resource is unknown", &with, None, &["https://else.example"], Reason::TargetNotAllowed),
            ("... one of them", &with, None, &[ORDERS, "https://else.example"], Reason::TargetNotAllowed),
            ("... or not the client's", &without, None, &[ORDERS], Reason::TargetNotAllowed),
        ] {
            assert_eq!(decided(client, scope, uris).await.err(), Some(reason), "{rule}");
        }
        let issuer = world.issuer().to_owned();
        assert!(decided(&without, None, &[&issuer]).await.is_ok_and(|decision| decision.audience.is_empty()));
        assert_eq!(decided(&with, None, &[&issuer]).await.err(), Some(Reason::TargetNotAllowed));
    })
    .await;
}
