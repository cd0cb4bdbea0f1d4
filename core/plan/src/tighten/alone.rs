//! What identity policies say by themselves: nothing else limits, and where a resource's policy must allow, it leaves the
//! decision to the account.

use kagimori_estate::access::{Access, Subject};
use kagimori_policy::decision::Answer;
use kagimori_policy::document::Document;
use kagimori_policy::engine::{Bound, Compiled, Compiler, Stack};
use kagimori_policy::parse::{Strictness, parse};
use kagimori_policy::request::Request;

/// Decides by identity policies alone.
pub(super) struct Alone {
    pub(super) compiler: Compiler,
    delegation: Option<Compiled>,
}

impl Alone {
    pub(super) fn new(access: &Access<'_>, subject: &Subject) -> Self {
        let mut compiler = access.compiler().clone();
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:{}:iam::{}:root"}},"Action":"*","Resource":"*"}}]}}"#,
            subject.arn.partition(),
            subject.account
        );
        let delegation = parse(&text, Strictness::Strict).ok().map(|document| compiler.compile(&document));
        Self { compiler, delegation }
    }

    pub(super) fn compile(&mut self, document: &Document) -> Compiled {
        self.compiler.compile(document)
    }

    /// Allowed, denied, or it depends; a request is bound once for many policies.
    pub(super) fn decide(&self, identity: &[&Compiled], request: &Bound<'_>) -> Answer {
        Stack { identity, resource: self.delegation.as_ref(), ..Stack::default() }.decide(request)
    }

    /// The same with policies that a copy of the compiler compiled.
    pub(super) fn decide_with(
        &self,
        compiler: &Compiler,
        identity: &[&Compiled],
        request: &Request,
    ) -> Answer {
        self.decide(identity, &compiler.bind(request))
    }
}

/// Allowed, or it depends.
pub(super) fn may(answer: Answer) -> bool {
    matches!(answer, Answer::Allowed | Answer::Indeterminate)
}
