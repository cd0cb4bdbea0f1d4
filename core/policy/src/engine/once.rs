//! One question with everything it needs, from documents to the answer.

use crate::decision::Answer;
use crate::document::Document;
use crate::engine::{Compiled, Compiler, Missing, Stack};
use crate::policies::{Layer, Level, Policies};
use crate::request::Request;

/// Compiles the policies, binds the request and decides it: for one question. Who asks more keeps what is compiled.
pub fn decide_once(request: &Request, policies: &Policies) -> Answer {
    let mut compiler = Compiler::default();
    let mut compile = |documents: &[Document]| -> Vec<Compiled> {
        documents.iter().map(|document| compiler.compile(document)).collect()
    };
    let identity = compile(&policies.identity);
    let boundary = compile(&policies.boundary);
    let endpoint = compile(&policies.endpoint);
    let resource = compile(policies.resource.as_slice());
    let session = compile(policies.session.as_slice());
    let mut levels = |levels: &[Level]| -> Vec<Vec<Compiled>> {
        levels.iter().map(|level| compile(&level.policies)).collect()
    };
    let service_control = levels(&policies.service_control);
    let resource_control = levels(&policies.resource_control);
    let bound = compiler.bind(request);
    let is_missing = |layer: Layer| policies.missing.iter().any(|document| document.layer == layer);
    let service_control: Vec<Vec<&Compiled>> =
        service_control.iter().map(|level| level.iter().collect()).collect();
    let resource_control: Vec<Vec<&Compiled>> =
        resource_control.iter().map(|level| level.iter().collect()).collect();
    let stack = Stack {
        identity: &identity.iter().collect::<Vec<_>>(),
        service_control: &service_control.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        resource_control: &resource_control.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        resource: resource.first(),
        boundary: &boundary.iter().collect::<Vec<_>>(),
        session: session.first(),
        endpoint: &endpoint.iter().collect::<Vec<_>>(),
        missing: Missing {
            identity: is_missing(Layer::Identity),
            service_control: is_missing(Layer::ServiceControl),
            resource_control: is_missing(Layer::ResourceControl),
            resource: is_missing(Layer::Resource),
            boundary: is_missing(Layer::Boundary),
            session: is_missing(Layer::Session),
            endpoint: is_missing(Layer::Endpoint),
        },
        s3: policies.s3,
    };
    stack.decide(&bound)
}
