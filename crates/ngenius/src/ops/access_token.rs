//! `POST /identity/auth/access-token`. Moves no money.

use std::time::Duration;

use recurring_core::{ErrorKind, Reply, Secret};
use recurring_gateway::{
    AccessToken, Class, ErrorExt as _, Method, PreparedRequest, check, lenient, read_success,
};
use serde::Deserialize;

use crate::error::{ApiError, Error};
use crate::wire::AccessTokenBody;

const MEDIA_TYPE: &str = "application/vnd.ni-identity.v1+json";

/// How long a token lives when the gateway does not say so.
const LIVES: i64 = 300;

#[derive(Deserialize)]
struct Answer {
    #[serde(deserialize_with = "lenient::required_text")]
    access_token: String,
    #[serde(default, deserialize_with = "lenient::integer")]
    expires_in: Option<i64>,
}

/// The request as it goes over the wire, without the key.
pub(crate) fn to_request(realm: Option<&str>) -> PreparedRequest {
    let request =
        PreparedRequest::new("get access token", Class::Read, Method::Post, "/identity/auth/access-token")
            .header("content-type", MEDIA_TYPE)
            .header("accept", MEDIA_TYPE);
    match realm {
        Some(realm_name) => request.json(&AccessTokenBody { realm_name }),
        None => request.body(Vec::new()),
    }
}

/// Reads the reply. A wrong key or realm is an `Authentication` error, also where the gateway does not answer 401.
pub(crate) fn from_reply(reply: &Reply) -> Result<AccessToken, Error> {
    // Assumption(token-error-codes): the two names; several public clients agree on them.
    if let Some(api) = ApiError::read(reply)
        && !reply.is_success()
        && ["badTokenRequest", "realmNameNotAvailable"].iter().any(|code| api.has_code(code))
    {
        let message = format!("the gateway refuses the API key or the realm ({}): {api}", reply.status());
        return Err(Error::refused(ErrorKind::Authentication, message, api).with_reply(reply.clone()));
    }
    let answer: Answer = read_success(reply, ApiError::read)?;
    let text = Secret::new(answer.access_token);
    if check::header_secret("access_token", text.expose()).is_err() {
        let message = "the access token that the gateway granted cannot be sent in a header";
        return Err(Error::unknown(ErrorKind::Protocol, message).with_reply(reply.clone()));
    }
    let seconds = answer.expires_in.unwrap_or(LIVES);
    Ok(AccessToken { text, lives: Duration::from_secs(u64::try_from(seconds).unwrap_or(0)) })
}

#[cfg(test)]
mod tests {
    use recurring_core::Effect;

    use super::*;

    #[test]
    fn a_token_and_how_long_it_lives() {
        for (body, seconds) in [
            (r#"{"access_token":"t","expires_in":120,"token_type":"Bearer"}"#, 120),
            (r#"{"access_token":"t","expires_in":"120"}"#, 120),
            (r#"{"access_token":"t"}"#, 300),
            (r#"{"access_token":"t","expires_in":-1}"#, 0),
        ] {
            let token = from_reply(&Reply::new(200, Vec::new(), body.into())).expect(body);
            assert_eq!((token.text.expose(), token.lives.as_secs()), ("t", seconds), "{body}");
        }
        for body in [r#"{"access_token":""}"#, r#"{"access_token":null}"#, r#"{"access_token":"a\nb"}"#, "{}"]
        {
            let error = from_reply(&Reply::new(200, Vec::new(), body.into())).expect_err(body);
            assert_eq!((error.kind(), error.effect()), (ErrorKind::Protocol, Effect::Unknown), "{body}");
        }
    }

    #[test]
    fn without_a_realm_the_body_is_empty() {
        assert_eq!(to_request(None).body_bytes(), Some(&b""[..]));
        assert_eq!(to_request(Some("ni")).body_bytes(), Some(&br#"{"realmName":"ni"}"#[..]));
    }

    #[test]
    fn only_two_codes_say_that_the_key_is_wrong() {
        for (code, kind) in [
            ("badTokenRequest", ErrorKind::Authentication),
            ("realmNameNotAvailable", ErrorKind::Authentication),
            ("badtokenrequest", ErrorKind::InvalidRequest),
            ("mediaTypeNotSupported", ErrorKind::InvalidRequest),
        ] {
            let body = format!(r#"{{"errors":[{{"message":"no","errorCode":"{code}"}}]}}"#);
            let error = from_reply(&Reply::new(400, Vec::new(), body.into())).expect_err(code);
            assert_eq!(error.kind(), kind, "{code}");
        }
    }
}
