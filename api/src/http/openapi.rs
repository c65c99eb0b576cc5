//! The description of the API (OpenAPI 3.1), made from the code, and the table of resources made from the description: what is
//! not described is not served.

use std::sync::Arc;

use http::Method;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder, Server};
use utoipa::{OpenApi, PartialSchema as _};

use super::answer::{Answer, HTML, JSON};
use super::cache::Cache;
use super::parameters::{MomentText, SectorCode, StageCode, StandingCode};
use super::problem::{PROBLEM, Problem, ProblemDetails};
use super::{
    Site, attachments, drafts, events, feed, health, lists, log_routes, notices, problem_pages, projects, registers,
    statistics,
};

/// Parameters that may hold slashes: they take as many segments as are left.
const WITH_SLASHES: [&str; 2] = ["{n}", "{project}"];

#[derive(OpenApi)]
#[openapi(
    info(title = "明账 Mingzhang", description = "A transparency ledger for public-resource transactions. A write is allowed by the signature it carries; there is no password and no session. Every address that takes GET takes HEAD, and OPTIONS.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    paths(
        log_routes::checkpoint, log_routes::policy, log_routes::hash_tile, log_routes::tile, log_routes::disclosures, log_routes::published,
        notices::record, drafts::advise, lists::notices, notices::read, notices::receipt, events::events, feed::feed,
        lists::projects, projects::timeline, projects::dossier, projects::absence,
        registers::publishers, registers::rulebooks, registers::calendars, registers::consistency, registers::stats,
        statistics::statistics, statistics::table,
        attachments::read, attachments::bring,
        health::live, health::ready, health::metrics,
        problem_pages::page, description,
    ),
    components(schemas(ProblemDetails, SectorCode, StageCode, StandingCode, MomentText)),
    tags(
        (name = "log", description = "The log as static files (C2SP tlog-tiles)"),
        (name = "notices", description = "Recording and reading notices"),
        (name = "projects", description = "Timelines, dossiers, absence proofs"),
        (name = "registers", description = "Publishers, rulebooks, calendars, counts"),
        (name = "attachments", description = "Files that notices name by hash"),
        (name = "operation", description = "For whoever runs the server"),
    ),
)]
struct Described;

/// This description
#[utoipa::path(get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn description(site: Arc<Site>) -> Result<Answer, Problem> {
    Ok(Answer::new(JSON, Cache::Revalidate, site.description.clone()))
}

/// The description, with what holds for every resource: HEAD, 304, problems.
pub(crate) fn describe(public_url: &str) -> utoipa::openapi::OpenApi {
    let mut description = Described::openapi();
    description.merge(crate::portal::described());
    env!("CARGO_PKG_VERSION").clone_into(&mut description.info.version);
    if !public_url.is_empty() {
        description.servers = Some(vec![Server::new(public_url)]);
    }
    for item in description.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.put, &mut item.post].into_iter().flatten() {
            add_problems(operation);
            leave_out_null(operation);
        }
        if let Some(get) = &mut item.get {
            let unchanged = ResponseBuilder::new().description("Unchanged since the `ETag` of `If-None-Match`").build();
            get.responses.responses.insert("304".to_owned(), RefOr::T(unchanged));
            item.head = Some(head_of(get));
        }
    }
    description
}

fn add_problems(operation: &mut Operation) {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let problem = ResponseBuilder::new()
        .description("What is wrong and what to do (RFC 9457); `code` is stable")
        .content(PROBLEM, content)
        .content(HTML, ContentBuilder::new().schema(Some(String::schema())).build())
        .build();
    for statuses in ["4XX", "5XX"] {
        operation.responses.responses.insert(statuses.to_owned(), RefOr::T(problem.clone()));
    }
}

/// A parameter is text: one that need not be there is left out, never `null`.
fn leave_out_null(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(RefOr::T(Schema::Object(object))) = &mut parameter.schema
            && let SchemaType::Array(types) = &mut object.schema_type
        {
            types.retain(|kind| *kind != Type::Null);
        }
    }
}

/// HEAD answers as GET does, without a body.
fn head_of(get: &Operation) -> Operation {
    let mut head = get.clone();
    head.operation_id = head.operation_id.map(|id| format!("{id}_head"));
    for response in head.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.content.clear();
        }
    }
    head
}

/// The resources of a description.
pub(crate) struct Resources(Vec<Resource>);

/// A resource: its path as described, and what may be done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) path: Arc<str>,
    pub(crate) methods: Vec<Method>,
}

impl Resource {
    fn of(path: &str, item: &PathItem) -> Self {
        let mut methods = Vec::new();
        let described = [
            (item.get.is_some(), Method::GET),
            (item.head.is_some(), Method::HEAD),
            (item.put.is_some(), Method::PUT),
            (item.post.is_some(), Method::POST),
        ];
        methods.extend(described.into_iter().filter(|(is, _)| *is).map(|(_, method)| method));
        methods.push(Method::OPTIONS);
        Self { path: path.into(), methods }
    }

    /// `Allow`.
    pub(crate) fn allow(&self) -> String {
        self.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl Resources {
    /// The resources described.
    pub(crate) fn of(description: &utoipa::openapi::OpenApi) -> Self {
        Self(description.paths.paths.iter().map(|(path, item)| Resource::of(path, item)).collect())
    }

    /// The resource at a path: of several that fit, the one with the most fixed segments.
    pub(crate) fn find(&self, path: &str) -> Option<&Resource> {
        let fitting = self.0.iter().filter_map(|one| Some((fixed_segments(&one.path, path)?, one)));
        fitting.max_by_key(|(fixed, _)| *fixed).map(|(_, one)| one)
    }
}

/// How many segments of a described path stand in a real one as they are; nothing if it does not fit.
fn fixed_segments(described: &str, path: &str) -> Option<usize> {
    let Some(begin) = described.find('{') else {
        return (described == path).then(|| described.split('/').count());
    };
    // Most are ruled out by what they begin with.
    if !path.starts_with(&described[..begin]) {
        return None;
    }
    let mut found: Vec<&str> = path.split('/').collect();
    let wanted: Vec<&str> = described.split('/').collect();
    if let Some(at) = wanted.iter().position(|segment| WITH_SLASHES.contains(segment)) {
        let taken = (found.len() + 1).checked_sub(wanted.len()).filter(|taken| *taken > 0)?;
        if found[at..at + taken].iter().all(|segment| segment.is_empty()) {
            return None;
        }
        found.splice(at..at + taken, ["slashes"]);
    }
    let fits = |(wanted, found): (&&str, &&str)| wanted == found || (wanted.starts_with('{') && !found.is_empty());
    (wanted.len() == found.len() && wanted.iter().zip(&found).all(fits))
        .then(|| wanted.iter().filter(|segment| !segment.starts_with('{')).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_the_resource_that_names_most_of_it() {
        let resources = Resources::of(&describe(""));
        let path = |path: &str| resources.find(path).map(|resource| resource.path.to_string());
        for (real, described) in [
            ("/", "/"),
            ("/checkpoint", "/checkpoint"),
            ("/tile/0/000", "/tile/{level}/{n}"),
            ("/tile/0/x001/x234/067.p/13", "/tile/{level}/{n}"),
            ("/tile/entries/x001/000.p/13", "/tile/entries/{n}"),
            ("/disclosures/x001/000", "/disclosures/{n}"),
            ("/api/v1/projects/A/B/C", "/api/v1/projects/{project}"),
            ("/api/v1/projects/A/B/dossier", "/api/v1/projects/{project}/dossier"),
            ("/api/v1/projects/A%2FB/absence", "/api/v1/projects/{project}/absence"),
            ("/api/v1/notices/7", "/api/v1/notices/{index}"),
            ("/api/v1/notices/7/receipt", "/api/v1/notices/{index}/receipt"),
        ] {
            assert_eq!(path(real).as_deref(), Some(described), "{real}");
        }
        for nothing in [
            "",
            "/tile",
            "/tile/0",
            "/checkpoint/",
            "/api/v1/notices/",
            "/api/v1/notices/7/x",
            "//checkpoint",
            "/api/v1/projects/",
        ] {
            assert_eq!(path(nothing), None, "{nothing}");
        }
    }

    /// Every `$ref` below a value.
    fn references(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(members) => {
                found.extend(members.get("$ref").and_then(serde_json::Value::as_str).map(str::to_owned));
                members.values().for_each(|value| references(value, found));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let json = serde_json::to_value(describe("")).unwrap();
        let mut found = Vec::new();
        references(&json, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            assert!(json.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }

    #[test]
    fn the_description_is_openapi_3_1_and_head_stands_beside_every_get() {
        let description = describe("https://ledger.example/wuhan");
        let json = serde_json::to_value(&description).unwrap();
        assert!(json["openapi"].as_str().unwrap().starts_with("3.1"));
        assert_eq!(json["servers"][0]["url"], "https://ledger.example/wuhan");
        let mut ids = std::collections::BTreeSet::new();
        for (path, item) in &description.paths.paths {
            assert_eq!(item.get.is_some(), item.head.is_some(), "{path}");
            for operation in [&item.get, &item.head, &item.put, &item.post].into_iter().flatten() {
                let id = operation.operation_id.clone().unwrap();
                assert!(ids.insert(id), "{path}: {:?} stands for two operations", operation.operation_id);
            }
        }
    }
}
