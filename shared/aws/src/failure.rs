//! What a failed call means. Texts name the operation and the service's error code: a service's own message may
//! quote an address or a body, so it goes nowhere.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{DispatchFailure, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use tocsin_ports::{HandOver, PortError};

/// A call that failed after the SDK's own retries.
pub(crate) fn failed<E: ProvideErrorMetadata>(
    operation: &str,
    error: &SdkError<E, HttpResponse>,
) -> PortError {
    PortError(text(operation, error))
}

/// A part of a request that lacks a field. None of ours does.
pub(crate) fn unbuilt(error: BuildError) -> PortError {
    PortError(format!("building a request: {error}"))
}

/// Whether a sending call that failed may go again.
///
/// Proven not sent: the request was not built or not signed, no connection came about (name, TCP, TLS), or the
/// service refused the call with a 4xx. Everything else may have been sent.
///
/// Of the refusals, one says that we are too fast, and one that something in the call is malformed. What may be the
/// fault of our account or set-up (a sender that is not verified, a pause) is no word on a message.
pub(crate) fn hand_over<E: ProvideErrorMetadata>(
    operation: &str,
    error: &SdkError<E, HttpResponse>,
) -> HandOver {
    let refused = error.raw_response().is_some_and(|response| response.status().is_client_error());
    let not_sent = match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::DispatchFailure(failure) => never_left(failure),
        SdkError::ServiceError(_) | SdkError::ResponseError(_) => refused,
        SdkError::TimeoutError(_) => false,
        _ => false,
    };
    let why = text(operation, error);
    if !not_sent {
        return HandOver::Unknown(why);
    }
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (error.code(), status) {
        (
            Some("TooManyRequestsException" | "ThrottlingException" | "Throttling" | "ThrottledException"),
            _,
        )
        | (_, Some(429)) => HandOver::TooFast(why),
        (Some("BadRequestException"), _) | (_, Some(413)) => HandOver::Unfit(why),
        (_, _) => HandOver::NotSent(why),
    }
}

fn text<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E, HttpResponse>) -> String {
    let what = match error {
        SdkError::ServiceError(answer) => match answer.err().code().filter(|code| !code.is_empty()) {
            Some(code) => code.to_owned(),
            None => format!("HTTP status {}", answer.raw().status().as_u16()),
        },
        SdkError::ResponseError(_) => "the answer is unreadable".to_owned(),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::DispatchFailure(failure) if lacks_credentials(failure) => "no AWS credentials".to_owned(),
        SdkError::DispatchFailure(failure) if never_connected(failure) => "no connection".to_owned(),
        SdkError::DispatchFailure(_) => "the connection failed".to_owned(),
        SdkError::ConstructionFailure(_) => "the request could not be built".to_owned(),
        _ => "an unknown failure".to_owned(),
    };
    format!("{operation}: {what}")
}

/// Not a byte of the request left: there were no credentials to sign it with, or no connection came about.
fn never_left(failure: &DispatchFailure) -> bool {
    lacks_credentials(failure) || never_connected(failure)
}

fn lacks_credentials(failure: &DispatchFailure) -> bool {
    causes::<CredentialsError>(failure).next().is_some()
}

fn never_connected(failure: &DispatchFailure) -> bool {
    causes::<hyper_util::client::legacy::Error>(failure).any(hyper_util::client::legacy::Error::is_connect)
}

fn causes<E: Error + 'static>(failure: &DispatchFailure) -> impl Iterator<Item = &E> {
    let outermost: Option<&(dyn Error + 'static)> = failure.as_connector_error().map(|error| error as _);
    std::iter::successors(outermost, |error: &&(dyn Error + 'static)| (*error).source())
        .filter_map(|error| error.downcast_ref())
}
