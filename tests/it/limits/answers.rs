//! How an answer tells that something was tried too often — RFC 6585 §4, draft-ietf-httpapi-ratelimit-headers.

use countersign::failure::{Failure, Quota, Reason, Refused};
use countersign::http::reply::{self, Manner};
use countersign::observe::{Counters, RequestId};
use countersign::protocol::ErrorCode;

use crate::contract::NOW;
use crate::harness::Answer;

async fn answer(manner: Manner) -> Answer {
    let quota = Quota { policy: "some-policy", limit: 5, window_seconds: 60, reset_seconds: 30 };
    let refused = Refused::new(ErrorCode::TooManyRequests, Reason::OverLimit, "too often").over(quota);
    let id = RequestId::fresh();
    let response = reply::failure(Failure::from(refused), manner, &id, &Counters::new(NOW));
    let (parts, body) = response.into_parts();
    let body = body.into_string().await.expect("a text");
    Answer::new(parts.status.as_u16(), parts.headers, body)
}

#[tokio::test]
async fn an_answer_says_how_much_there_is_and_when_there_is_more() {
    for manner in [Manner::OAuth, Manner::Problem] {
        let answer = answer(manner).await;
        assert_eq!((answer.status, answer.code().as_str()), (429, "too_many_requests"), "{answer:?}");
        assert_eq!(answer.header("retry-after"), "30");
        assert_eq!(answer.header("ratelimit-policy"), "\"some-policy\";q=5;w=60");
        assert_eq!(answer.header("ratelimit"), "\"some-policy\";r=0;t=30");
        assert_eq!(answer.header("cache-control"), "no-store");
        let told = if manner == Manner::OAuth { "application/json" } else { "application/problem+json" };
        assert_eq!(answer.header("content-type"), told);
    }
}
