//! The document that describes the API, and what it says of every operation.

use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
    },
};

use crate::problem::PROBLEM;

/// What the document says of itself.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rolebook console",
        description = "Everything the console's pages do. Errors are RFC 9457 problems. Lists have cursors: `next_cursor` \
                       of one page is `cursor` of the next. JSON that is read has an ETag, which can be sent back as \
                       If-None-Match, and with changes that name it as If-Match. A change with \
                       an Idempotency-Key is done once. `dry_run=1` says what would happen and changes nothing.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(crate::problem::Problem))
)]
struct Document;

/// The document before any operation.
pub(crate) fn begin() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Says of all operations what holds for all: how errors look, which states are told, that a change can be sent twice.
pub(crate) fn complete(document: &mut utoipa::openapi::OpenApi) {
    let components = document.components.get_or_insert_default();
    for (status, words) in PROBLEMS {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new().description(words).content(PROBLEM, problem).build();
        components.responses.insert(status.to_owned(), RefOr::T(response));
    }
    for (path, item) in &mut document.paths.paths {
        let in_path = path.contains('{');
        if let Some(reads) = &mut item.get {
            as_csv(reads);
            tagged(reads);
            errors(reads, in_path, false);
        }
        for operation in [&mut item.put, &mut item.patch].into_iter().flatten() {
            tell_tag(operation);
        }
        let changes = [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in changes.into_iter().flatten() {
            tried_out(operation);
            over_state(operation);
            once(operation);
            errors(operation, in_path, true);
        }
    }
}

/// What may go wrong with any operation; an operation says itself what may go wrong with it alone.
fn errors(operation: &mut Operation, in_path: bool, changes: bool) {
    let asked = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    let common = [
        ("400", asked || changes),
        ("401", true),
        ("403", true),
        ("404", in_path),
        ("409", changes),
        ("413", changes),
        ("415", operation.request_body.is_some()),
        ("422", asked || changes),
        ("default", true),
    ];
    let responses = &mut operation.responses.responses;
    for (status, _) in common.into_iter().filter(|(_, holds)| *holds) {
        responses.insert(status.to_owned(), RefOr::T(Response::default()));
    }
    for (status, response) in responses {
        match (PROBLEMS.iter().any(|(known, _)| known == status), &mut *response) {
            (true, _) => *response = RefOr::Ref(Ref::from_response_name(status)),
            (false, RefOr::T(response)) if response.description.is_empty() => {
                "Done".clone_into(&mut response.description);
            }
            _ => {}
        }
    }
}

/// How each kind of problem is described.
const PROBLEMS: [(&str, &str); 10] = [
    ("400", "The request cannot be read"),
    ("401", "Nobody is signed in, or the API key has ended"),
    ("403", "The role does not allow it"),
    ("404", "There is no such thing, or not within reach"),
    ("409", "It cannot be done in the present state"),
    ("412", "It is not in the state that If-Match names"),
    ("413", "The body has more than 256 kB"),
    ("415", "The body is not application/json"),
    ("422", "Some of what was sent cannot be taken"),
    ("default", "Anything else that goes wrong"),
];

/// A change that makes something shows what it would make when it is only tried out.
fn tried_out(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    if let Some(RefOr::T(mut shown)) = responses.get("201").cloned() {
        "What would be made, with `dry_run=1`".clone_into(&mut shown.description);
        responses.entry("200".to_owned()).or_insert(RefOr::T(shown));
    }
}

/// A list that takes a format is also given as CSV.
fn as_csv(operation: &mut Operation) {
    let takes = |parameter: &RefOr<Parameter>| matches!(parameter, RefOr::T(of) if of.name == "format");
    if operation.parameters.as_ref().is_some_and(|all| all.iter().any(takes))
        && let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200")
    {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let content = ContentBuilder::new().schema(Some(text)).build();
        response.content.insert("text/csv".to_owned(), RefOr::T(content));
    }
}

/// What is read has a tag, and is not sent to who has it.
fn tagged(operation: &mut Operation) {
    if !tell_tag(operation) {
        return;
    }
    let response = ResponseBuilder::new().description("It is still what `If-None-Match` names").build();
    operation.responses.responses.insert("304".to_owned(), RefOr::T(response));
    header(operation, "If-None-Match", "The ETag of an answer that the caller has");
}

/// Says that the answer has a tag, where it is JSON.
fn tell_tag(operation: &mut Operation) -> bool {
    let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") else { return false };
    if !response.content.contains_key("application/json") {
        return false;
    }
    let tag = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .description(Some("Which state this is"))
        .build();
    response.headers.insert("ETag".to_owned(), RefOr::T(tag));
    true
}

/// An operation that can find another state than the caller saw says so by its 412.
fn over_state(operation: &mut Operation) {
    if operation.responses.responses.contains_key("412") {
        header(
            operation,
            "If-Match",
            "The ETag of what is changed, as it was read last: in another state it stays as it is",
        );
    }
}

fn once(operation: &mut Operation) {
    header(
        operation,
        "Idempotency-Key",
        "1 to 200 characters: the same request with the same key is done once, for a day",
    );
}

fn header(operation: &mut Operation, name: &str, description: &str) {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
}
