//! A call of the query protocol: from the signed request through its operation to the answer and the log.

use jiff::Timestamp;
use kagimori_policy::request::{Context, Fact};

use super::authorise::Question;
use super::caller::Caller;
use super::journal::{Entry, without_secrets};
use super::state::LastUsed;
use super::trouble::{self, Beforehand};
use super::{World, iam, sns, sts};
use crate::fault::Fault;
use crate::message::{Parameters, Reply, Request, Response};
use crate::sigv4;
use crate::xml::{self, Xml};

/// An operation of the query protocol.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) service: Service,
    pub(super) run: Run,
}

pub(super) type Run = fn(&mut World, &Call<'_>) -> Result<Option<Xml>, Fault>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Sts,
    Iam,
    Sns,
}

/// A call that is signed by somebody.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) now: Timestamp,
    pub(super) source_ip: String,
    pub(super) parameters: &'a Parameters,
    pub(super) caller: Caller,
}

/// Who signed a request.
struct Signer {
    /// Empty when the signature told nobody.
    arn: String,
    access_key_id: String,
}

impl World {
    /// Carries out a signed call.
    pub(super) fn call(&mut self, wall: Timestamp, request: &Request) -> Reply {
        let parameters = request.parameters();
        let name = parameters.get("Action").unwrap_or_default();
        let Beforehand { delay_milliseconds, fault } = trouble::before(&mut self.planned, name);
        let now = self.now(wall);
        let caller = self.state.authenticate(request, now, self.clock(wall));
        let signer = self.signer(request, caller.as_ref().ok());
        let result = fault.map_or(caller, Err).and_then(|caller| {
            let source_ip = request.source_ip.to_string();
            self.run(&Call { now, source_ip, parameters: &parameters, caller }, name)
        });
        let is_lost = result.is_ok() && trouble::loses_reply(&mut self.planned, name);
        let response = self.written(name, &result);
        self.journal.record(Entry {
            time: xml::iso(now),
            operation: name.to_owned(),
            caller: signer.arn,
            access_key_id: signer.access_key_id,
            source_ip: request.source_ip.to_string(),
            status: response.status,
            error: result.as_ref().err().map(|fault| fault.code.clone()),
            message: result.err().map(|fault| fault.message),
            is_lost,
            parameters: without_secrets(&parameters),
        });
        Reply { response, delay_milliseconds, is_lost }
    }

    /// Who signed a request, or says to have.
    fn signer(&self, request: &Request, caller: Option<&Caller>) -> Signer {
        match caller {
            Some(caller) => Signer {
                arn: self.state.principal(caller).arn().unwrap_or_default().to_owned(),
                access_key_id: caller.access_key_id.clone(),
            },
            None => Signer { arn: String::new(), access_key_id: claimed_key(request) },
        }
    }

    /// The answer as XML.
    fn written(&mut self, name: &str, result: &Result<Option<Xml>, Fault>) -> Response {
        let request_id = self.mint.request_id();
        let namespace = operation(name).map_or(Service::Sts, |found| found.service).namespace();
        let (status, body) = match result {
            Ok(result) => (200, xml::answer(name, namespace, result.as_ref(), &request_id)),
            Err(fault) => (fault.status, xml::error(fault, namespace, &request_id)),
        };
        Response::new(status, "text/xml", body).with_header("x-amzn-RequestId", request_id)
    }

    fn run(&mut self, call: &Call<'_>, name: &str) -> Result<Option<Xml>, Fault> {
        let version = call.parameters.get("Version").unwrap_or_default();
        let operation = operation(name).ok_or_else(|| Fault::unknown_operation(name, version))?;
        let service = operation.service;
        if call.caller.scope.1 != service.scope() {
            return Err(sigv4::wrong_service(service.scope()));
        }
        if version != service.version() {
            return Err(Fault::unknown_operation(name, version));
        }
        if let Some(key) = self.state.keys.get_mut(&call.caller.access_key_id) {
            let (region, service) = call.caller.scope.clone();
            key.last_used = Some(LastUsed { time: call.now, region, service });
        }
        if service == Service::Iam && !call.caller.may_call_iam() {
            return Err(Fault::invalid_token());
        }
        (operation.run)(self, call)
    }

    /// A question about something in the caller's own account.
    pub(super) fn question<'a>(
        &'a self,
        call: &'a Call<'_>,
        action: &'a str,
        resource: String,
    ) -> Question<'a> {
        let mut context = self.context(call);
        add_request_tags(&mut context, &call.parameters.tags());
        Question {
            caller: &call.caller,
            action,
            resource,
            account: call.caller.account(),
            is_wildcard_only: false,
            context,
            trust: None,
            shown: None,
            with_reason: self.settings.denial_reasons,
        }
    }

    pub(super) fn context(&self, call: &Call<'_>) -> Context {
        self.state.context(&call.caller, call.now, &call.source_ip)
    }
}

/// `aws:RequestTag/…` and `aws:TagKeys`.
pub(super) fn add_request_tags(context: &mut Context, tags: &[(String, String)]) {
    for (key, value) in tags {
        context.set(&format!("aws:RequestTag/{key}"), Fact::One(value.clone()));
    }
    if !tags.is_empty() {
        context.set("aws:TagKeys", Fact::Many(tags.iter().map(|(key, _)| key.clone()).collect()));
    }
}

fn operation(name: &str) -> Option<Operation> {
    let all = [sts::OPERATIONS, iam::OPERATIONS, sns::OPERATIONS];
    all.into_iter().flatten().find(|operation| operation.name == name).copied()
}

/// The key a request says it was signed with, whatever it is worth.
fn claimed_key(request: &Request) -> String {
    let header = request.header("authorization").unwrap_or_default();
    let id = header.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next());
    id.filter(|id| id.len() <= 128).unwrap_or_default().to_owned()
}

impl Service {
    fn scope(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
            Self::Sns => "sns",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::Sts => "2011-06-15",
            Self::Iam => "2010-05-08",
            Self::Sns => "2010-03-31",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sns => "http://sns.amazonaws.com/doc/2010-03-31/",
        }
    }
}
