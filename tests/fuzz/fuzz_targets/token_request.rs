//! Requests to the token endpoint (RFC 6749 §4.4.2).
#![no_main]

use countersign::protocol::Params;
use countersign::protocol::token::TokenRequest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    // Behind a grant type that is served, so that the fuzzer need not find its name.
    for body in [body.to_vec(), [b"grant_type=client_credentials&", body].concat()] {
        let Ok(params) = Params::parse(&body) else { continue };
        let Ok(request) = TokenRequest::parse(&params) else { continue };
        assert_eq!(read(&printed(&request)), request);
    }
});

fn printed(request: &TokenRequest) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", request.grant_type().as_str());
    let TokenRequest::ClientCredentials(request) = request;
    if let Some(scope) = &request.scope {
        form.append_pair("scope", &scope.to_string());
    }
    form.extend_pairs(request.resources.iter().map(|resource| ("resource", resource.as_str())));
    form.finish()
}

fn read(form: &str) -> TokenRequest {
    let params = Params::parse(form.as_bytes()).expect("what was printed is a form");
    TokenRequest::parse(&params).expect("what was printed is read")
}
