//! How fast requests are decided: the simple and the complex case of `decide.json` (also read by the peers' scripts).
//!
//! `decide` is the compiled engine on a bound request, `bind` makes a request ready, `reference` is the plain
//! transcription. The allocation profiler shows that `decide` allocates nothing.

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use kagimori_policy::decision::Answer;
use kagimori_policy::document::Document;
use kagimori_policy::engine::{Compiled, Compiler, Stack};
use kagimori_policy::policies::{Level, Policies};
use kagimori_policy::reference;
use kagimori_policy::request::Request;
use kagimori_policy::scenario::{self, Question};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench(args = ["simple", "complex"], sample_size = 1000)]
fn decide(bencher: Bencher<'_, '_>, name: &str) {
    let (request, policies) = case(name);
    let mut compiler = Compiler::default();
    let mut compile = |documents: &[Document]| -> Vec<Compiled> {
        documents.iter().map(|document| compiler.compile(document)).collect()
    };
    let identity = compile(&policies.identity);
    let boundary = compile(&policies.boundary);
    let resource = compile(policies.resource.as_slice());
    let mut levels = |levels: &[Level]| -> Vec<Vec<Compiled>> {
        levels.iter().map(|level| compile(&level.policies)).collect()
    };
    let service_control = levels(&policies.service_control);
    let resource_control = levels(&policies.resource_control);
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
        ..Stack::default()
    };
    let bound = compiler.bind(&request);
    assert_eq!(stack.decide(&bound), Answer::Allowed);
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench_local(|| divan::black_box(&stack).decide(divan::black_box(&bound)));
}

#[divan::bench(args = ["simple", "complex"])]
fn bind(bencher: Bencher<'_, '_>, name: &str) {
    let (request, policies) = case(name);
    let mut compiler = Compiler::default();
    for document in &policies.identity {
        compiler.compile(document);
    }
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| compiler.bind(divan::black_box(&request)));
}

#[divan::bench(args = ["simple", "complex"])]
fn reference(bencher: Bencher<'_, '_>, name: &str) {
    let (request, policies) = case(name);
    let decide = || reference::decide(divan::black_box(&request), divan::black_box(&policies));
    bencher.counter(ItemsCount::new(1_usize)).bench_local(decide);
}

#[expect(clippy::panic, reason = "a bench without its case measures nothing")]
fn case(name: &str) -> (Request, Policies) {
    let cases = scenario::read(include_str!("decide.json"), &|file| Err(file.to_owned())).unwrap_or_default();
    for case in cases {
        if let Question::Decide(request, policies, _) = case.question
            && case.name == name
        {
            return (*request, *policies);
        }
    }
    panic!("decide.json has no case `{name}`")
}
