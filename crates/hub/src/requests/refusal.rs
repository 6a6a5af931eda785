//! The meaning of an answer that is not a file.

use ureq::{Body, http::Response};

use crate::{
    error::{HubError, TokenUse},
    requests::{
        file_request::FileRequest,
        headers::{ERROR_CODE, ERROR_MESSAGE, retry_after, text},
    },
};

/// Error code of a file that the repository does not have.
pub(crate) const NO_FILE: &str = "EntryNotFound";

const NO_REVISION: &str = "RevisionNotFound";
const NO_REPOSITORY: &str = "RepoNotFound";
const GATED: &str = "GatedRepo";

/// The message of a repository that the hub or its owner has withdrawn.
const DISABLED: &str = "Access to this resource is disabled.";

/// Whether access is denied.
pub(crate) fn is_denied(response: &Response<Body>) -> bool {
    matches!(response.status().as_u16(), 401 | 403)
}

/// Whether access is denied because of the token: otherwise the answer is about the repository.
pub(crate) fn is_about_the_token(response: &Response<Body>) -> bool {
    let code = text(response.headers(), ERROR_CODE);
    let about_repository = [GATED, NO_REPOSITORY, NO_REVISION, NO_FILE];
    response.status() == 401 && !code.is_some_and(|code| about_repository.contains(&code))
}

/// The reason why the hub at `endpoint` does not give a file.
pub(crate) fn refusal(
    endpoint: &str,
    url: String,
    request: FileRequest<'_>,
    token: TokenUse,
    response: &Response<Body>,
) -> HubError {
    let endpoint = endpoint.to_owned();
    let repo = request.repo.to_string();
    let status = response.status().as_u16();
    let headers = response.headers();
    if text(headers, ERROR_MESSAGE) == Some(DISABLED) {
        return HubError::Disabled { repo, endpoint };
    }
    match (status, text(headers, ERROR_CODE)) {
        (401 | 403, code) => {
            let gated = code == Some(GATED);
            HubError::Denied { repo, endpoint, status, gated, token }
        }
        (404, Some(NO_REVISION)) => HubError::NoRevision { endpoint, repo },
        (404, Some(NO_FILE)) => {
            HubError::FileGone { endpoint, repo, file: request.file.to_owned() }
        }
        (404, _) => HubError::NoModel { endpoint, repo, token },
        _ => HubError::Status { url, status, retry_after: retry_after(headers) },
    }
}
