//! Requests to the token endpoint (RFC 6749 §4.1.3, §4.3.2, §4.4.2 and §6).
#![no_main]

use countersign::protocol::Params;
use countersign::protocol::resource::ResourceUri;
use countersign::protocol::scope::ScopeSet;
use countersign::protocol::token::TokenRequest;
use libfuzzer_sys::fuzz_target;

/// The grant types that are served, each with what it needs, so that the fuzzer need not find their names.
const BEHIND: [&[u8]; 5] = [
    b"",
    b"grant_type=client_credentials&",
    b"grant_type=authorization_code&redirect_uri=https://shop.example/callback&",
    b"grant_type=password&username=ann&",
    b"grant_type=refresh_token&",
];

fuzz_target!(|body: &[u8]| {
    for before in BEHIND {
        let Ok(params) = Params::parse(&[before, body].concat()) else { continue };
        let Ok(request) = TokenRequest::parse(&params) else { continue };
        assert_eq!(read(&printed(&request)), request);
    }
});

fn printed(request: &TokenRequest) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", request.grant_type().as_str());
    let (scope, resources): (&Option<ScopeSet>, &[ResourceUri]) = match request {
        TokenRequest::ClientCredentials(request) => (&request.scope, &request.resources),
        TokenRequest::AuthorizationCode(request) => {
            form.append_pair("code", request.code.reveal()).append_pair("redirect_uri", &request.redirect_uri);
            form.extend_pairs(request.code_verifier.iter().map(|verifier| ("code_verifier", verifier.reveal())));
            (&None, &request.resources)
        }
        TokenRequest::Password(request) => {
            form.append_pair("username", &request.username).append_pair("password", request.password.reveal());
            (&request.scope, &request.resources)
        }
        TokenRequest::RefreshToken(request) => {
            form.append_pair("refresh_token", request.refresh_token.reveal());
            (&request.scope, &request.resources)
        }
    };
    form.extend_pairs(scope.iter().map(|scope| ("scope", scope.to_string())));
    form.extend_pairs(resources.iter().map(|resource| ("resource", resource.as_str())));
    form.finish()
}

fn read(form: &str) -> TokenRequest {
    let params = Params::parse(form.as_bytes()).expect("what was printed is a form");
    TokenRequest::parse(&params).expect("what was printed is read")
}
