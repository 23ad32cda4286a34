//! Passwords that other systems hashed, or this one long ago, are hashed anew at the next sign-in.

use countersign::secret::{PasswordHash, random};
use countersign::store::users::UserRow;
use futures_util::future::join_all;

use crate::harness::{Backend, User, World, scopes, stories};

stories![
    an_imported_password_is_hashed_anew_by_whoever_knows_it,
    a_password_of_older_parameters_is_hashed_anew,
    whoever_signs_in_twice_at_once_gets_in_twice,
    what_is_up_to_date_stays,
];

async fn row(world: &World, user: &User) -> UserRow {
    world.app.store.user(&user.id).await.expect("the store answers").expect("the user")
}

async fn kind(world: &World, user: &User) -> String {
    let row = row(world, user).await;
    let kind = row.password_hash.expect("a password").kind();
    assert_eq!(row.password_kind.as_deref(), Some(kind.as_str()), "what is said of it is true");
    kind
}

async fn with_bcrypt(world: &World, name: &str, password: &str) -> User {
    let hash = bcrypt::hash_with_salt(password, 4, random()).expect("a hash").to_string();
    let hash = world.app.passwords.import(&hash).expect("it is one");
    let user = world
        .user_with(name, |new| {
            new.user.password_kind = Some(hash.kind());
            new.user.password_hash = Some(hash);
        })
        .await;
    User { password: password.to_owned(), ..user }
}

async fn an_imported_password_is_hashed_anew_by_whoever_knows_it(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let app = world.app(|m| m.scope = scopes("openid")).await;
    let user = with_bcrypt(&world, "ann", "imported pass phrase").await;
    let idle = with_bcrypt(&world, "bob", "imported pass phrase").await;
    app.sign_in_as(&world, "ann", "not the password", &[]).await.is_refused(400, "invalid_grant");
    app.sign_in(&world, &user, &[("scope", "nothing")]).await.is_refused(400, "invalid_scope");
    assert_eq!(kind(&world, &user).await, "bcrypt$4", "nobody has signed in yet");
    app.signed_in(&world, &user, &[]).await;
    assert_eq!(kind(&world, &user).await, "argon2id$m=64,t=1,p=1");
    assert_eq!(kind(&world, &idle).await, "bcrypt$4");
    app.signed_in(&other, &user, &[]).await;
    app.sign_in_as(&world, "ann", "not the password", &[]).await.is_refused(400, "invalid_grant");
    let row = row(&world, &user).await;
    assert_eq!((row.version, row.epoch), (1, 1), "it is the same password");
}

async fn a_password_of_older_parameters_is_hashed_anew(backend: Backend) {
    let world = backend.world().await;
    let newer = world.another_node_with(|config| config.passwords.memory_kib = 128).await;
    let (user, app) = (world.user("ann").await, world.app(|_| ()).await);
    app.signed_in(&newer, &user, &[]).await;
    assert_eq!(kind(&world, &user).await, "argon2id$m=128,t=1,p=1");
    let all = "SELECT CAST(number AS TEXT) FROM generations WHERE kind = 'password_kinds'";
    assert_eq!(world.texts(all).await, ["3"], "every node hears of every kind: of the first, and of this one");
    app.signed_in(&newer, &user, &[]).await;
}

async fn whoever_signs_in_twice_at_once_gets_in_twice(backend: Backend) {
    let world = backend.world().await;
    let app = world.app(|_| ()).await;
    for round in 0..5 {
        let user = with_bcrypt(&world, &format!("ann{round}"), "imported pass phrase").await;
        let answers = join_all((0..4).map(|_| app.sign_in(&world, &user, &[]))).await;
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        assert_eq!(kind(&world, &user).await, "argon2id$m=64,t=1,p=1");
    }
}

async fn what_is_up_to_date_stays(backend: Backend) {
    let world = backend.world().await;
    let (user, app) = (world.user("ann").await, world.app(|_| ()).await);
    let stored = async || row(&world, &user).await.password_hash.map(|hash: PasswordHash| hash.as_str().to_owned());
    let before = stored().await;
    for _ in 0..3 {
        app.signed_in(&world, &user, &[]).await;
    }
    assert_eq!(stored().await, before);
}
