//! Signatures of the harness's own requests (AWS Signature Version 4).
//!
//! The credentials are those of the environment. They go into signatures and nowhere
//! else.

use super::Target;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use exactly_adapter::Host;
use hyper::Request;
use std::time::SystemTime;

/// What stands for credentials where there are none: look-alikes want some.
const DUMMY: &str = "exactly";
const REGION: &str = "us-east-1";

/// Who signs, and for where.
#[derive(Clone)]
pub(crate) struct Signer {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
    pub region: String,
}

impl Signer {
    /// The user's credentials, or dummies. A server of AWS's says its region itself.
    pub fn of(host: &dyn Host, target: &Target) -> Self {
        let keys = host
            .setting("AWS_ACCESS_KEY_ID")
            .zip(host.setting("AWS_SECRET_ACCESS_KEY"));
        let region = target.region().map(String::from);
        let region = region.or_else(|| host.setting("AWS_REGION"));
        let region = region.or_else(|| host.setting("AWS_DEFAULT_REGION"));
        let session_token = keys
            .as_ref()
            .and_then(|_| host.setting("AWS_SESSION_TOKEN"));
        let (access_key_id, secret_access_key) =
            keys.unwrap_or_else(|| (DUMMY.into(), DUMMY.into()));
        Self {
            access_key_id,
            secret_access_key,
            session_token,
            region: region.unwrap_or_else(|| REGION.into()),
        }
    }

    /// What pipelines are handed where nobody looks at signatures.
    pub fn dummy() -> Self {
        Self {
            access_key_id: DUMMY.into(),
            secret_access_key: DUMMY.into(),
            session_token: None,
            region: REGION.into(),
        }
    }

    /// Signs `request`, which is going to carry `body`. An error says nothing of the
    /// credentials.
    pub fn sign(&self, request: &mut Request<()>, body: &[u8]) -> Result<(), String> {
        self.sign_at(request, body, "sqs", SystemTime::now())
    }

    fn sign_at(
        &self,
        request: &mut Request<()>,
        body: &[u8],
        service: &str,
        now: SystemTime,
    ) -> Result<(), String> {
        let identity = Credentials::new(
            &*self.access_key_id,
            &*self.secret_access_key,
            self.session_token.clone(),
            None,
            "environment",
        );
        let identity = identity.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(now)
            .settings(SigningSettings::default())
            .build();
        let params = params
            .map_err(|error| format!("cannot sign: {error}"))?
            .into();
        let headers = request.headers().iter();
        let headers =
            headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let uri = request.uri().to_string();
        let signable = SignableRequest::new(
            request.method().as_str(),
            &uri,
            headers,
            SignableBody::Bytes(body),
        );
        let signable = signable.map_err(|error| format!("cannot sign: {error}"))?;
        let signed = sign(signable, &params).map_err(|error| format!("cannot sign: {error}"))?;
        signed.into_parts().0.apply_to_request_http1x(request);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    /// `get-vanilla` and `post-vanilla` of AWS's test suite for Signature Version 4.
    #[test]
    fn signatures_are_those_of_aws_s_test_suite() {
        let signer = Signer {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: None,
            region: "us-east-1".into(),
        };
        // 2015-08-30T12:36:00Z
        let now = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        for (method, signature) in [
            (
                "GET",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "POST",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
        ] {
            let mut request = Request::builder()
                .method(method)
                .uri("http://example.amazonaws.com/")
                .header("host", "example.amazonaws.com")
                .body(())
                .unwrap();
            signer.sign_at(&mut request, b"", "service", now).unwrap();
            let authorization = request.headers()["authorization"].to_str().unwrap();
            assert!(authorization.ends_with(signature), "{authorization}");
            assert!(!format!("{request:?}").contains("wJalr"));
        }
    }
}
