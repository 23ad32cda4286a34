//! Many requests of one moment: each gets its own answer, and an answer that is not older than its question.

use futures_util::future::join_all;

use crate::harness::{Backend, Persona, stories};

stories![
    everybody_gets_the_answer_to_their_own_question,
    a_revocation_is_seen_by_all_who_ask_later,
    who_goes_away_takes_nobody_along,
];

async fn everybody_gets_the_answer_to_their_own_question(backend: Backend) {
    let world = backend.world().await;
    let good = world.service_client(|_| ()).await;
    let another = world.service_client(|_| ()).await;
    let disabled = world.service_client(|_| ()).await;
    let (alive, revoked) = (good.token(&world).await.text, good.token(&world).await.text);
    let orphaned = disabled.token(&world).await.text;
    good.revoke_well(&world, &revoked).await;
    world.disable(&disabled.id, Some(world.clock.now())).await;
    let stranger = Persona { id: "nobody".to_owned(), ..good.clone() };
    let impostor = Persona { secret: another.secret.clone(), ..good.clone() };

    let callers = [(&good, 200), (&another, 200), (&disabled, 401), (&stranger, 401), (&impostor, 401)];
    let asked = (0..60).map(async |n: usize| {
        let (caller, status) = callers[n % callers.len()];
        let answer = caller.ask(&world, &[]).await;
        assert_eq!(answer.status, status, "{answer:?}");
    });
    let tokens = [(&alive, true), (&revoked, false), (&orphaned, false)];
    let introspected = (0..60).map(async |n: usize| {
        let (token, expected) = tokens[n % tokens.len()];
        assert_eq!(good.sees_alive(&world, token).await, expected);
    });
    tokio::join!(join_all(asked), join_all(introspected));
}

async fn a_revocation_is_seen_by_all_who_ask_later(backend: Backend) {
    let world = backend.world().await;
    let other = world.another_node().await;
    let client = world.service_client(|_| ()).await;
    for _ in 0..3 {
        let (ending, lasting) = (client.token(&world).await.text, client.token(&world).await.text);
        let crowd = join_all((0..40).map(async |_| assert!(client.sees_alive(&other, &lasting).await)));
        let revoker = async {
            client.revoke_well(&world, &ending).await;
            let later = (0..20).map(async |_| client.sees_alive(&other, &ending).await);
            assert!(!join_all(later).await.contains(&true));
        };
        tokio::join!(crowd, revoker);
    }
}

async fn who_goes_away_takes_nobody_along(backend: Backend) {
    let world = backend.world().await;
    let client = world.service_client(|_| ()).await;
    for _ in 0..5 {
        let leaving = (0..20).map(|_| {
            let request = client.request(&world, "/oauth2/token", &[("grant_type", "client_credentials")]);
            tokio::spawn(request.send())
        });
        let leaving: Vec<_> = leaving.collect();
        let staying = join_all((0..10).map(async |_| client.token(&world).await));
        let gone = async {
            tokio::task::yield_now().await;
            leaving.iter().for_each(tokio::task::JoinHandle::abort);
        };
        tokio::join!(staying, gone);
    }
}
