//! The document that describes the API, and what it says of every operation.

use utoipa::{
    OpenApi,
    openapi::{
        ContentBuilder, Ref, RefOr, Required, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
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
                       of one page is `cursor` of the next. An object's ETag can be sent back as If-Match. A change with \
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

/// Says of all operations what holds for all: how errors look, and that a change can be sent twice.
pub(crate) fn complete(document: &mut utoipa::openapi::OpenApi) {
    for item in document.paths.paths.values_mut() {
        if let Some(reads) = &mut item.get {
            errors(reads);
        }
        let changes = [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in changes.into_iter().flatten() {
            errors(operation);
            once(operation);
        }
    }
}

fn errors(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response)
            && let Some(content) = response.content.swap_remove("application/json")
        {
            response.content.insert(PROBLEM.to_owned(), content);
        }
    }
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description("A problem").content(PROBLEM, problem).build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(response));
}

fn once(operation: &mut Operation) {
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("1 to 200 characters: the same request with the same key is done once, for a day"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(key));
}
