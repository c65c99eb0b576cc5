//! The portal (门户): the ledger as pages for people, rendered here, whole without any script.
//!
//! ```text
//! visit      who looks: at which address, in which language
//! page       the shell every page goes through: head, navigation, search, language, footer; what browsers are told
//! assets     style sheet, scripts and images, under addresses that name their content
//! bundle     a script composed of the modules that a page needs
//! offline    the verifier in one file, for whoever does not want to depend on this server
//! text       what a notice says, escaped and with nothing unseen; times, codes and standings in words
//! home …     a file for each page
//! problem    what went wrong, as a page
//! ```
//!
//! A page is a function from a [`Visit`] to an [`Answer`] or a [`Problem`], as the API's handlers are, and asks what they ask.
//! A new page is a file, a line in `pages!`, and what it is called in `page::Place` if the navigation leads there.

mod assets;
mod bundle;
mod certificate;
mod chart;
mod difference;
mod evidence;
mod home;
mod how_to_verify;
mod long_text;
mod members;
mod notice;
mod offline;
mod page;
mod problem;
mod project;
mod publish;
mod publishers;
mod rulebooks;
mod search;
mod statistics;
mod text;
mod timeline;
mod verdict;
mod verification;
mod visit;

use std::sync::Arc;

use serde::Deserialize;
use utoipa::OpenApi;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::http::answer::Answer;
use crate::http::problem::{Code, Problem};
use crate::http::{Client, reply};

pub(crate) use self::problem::page as problem_page;
pub(crate) use self::visit::Visit;

/// The pages: the first segment of their path, who answers it, and what of it is described.
macro_rules! pages {
    ($($first:literal $answer:path [$($described:tt)+];)+) => {
        #[derive(OpenApi)]
        #[openapi(paths($($($described)+,)+), tags((name = "portal", description = "Pages for people, in Chinese and English")))]
        struct Described;

        async fn show(visit: Arc<Visit>) -> Result<Answer, Problem> {
            visit.check()?;
            match visit.first() {
                $($first => $answer(visit).await,)+
                _ => Err(Problem::of(Code::NotFound)),
            }
        }
    };
}

pages! {
    // What is found.
    "" home::home [home::home];
    "search" search::search [search::search];
    "notices" notice::notice [notice::notice, notice::print];
    "projects" project::project [project::project, project::print];

    // What it adds up to, and by which rules.
    "statistics" statistics::statistics [statistics::statistics];
    "publishers" publishers::publishers [publishers::publishers, publishers::publisher];
    "rulebooks" rulebooks::rulebooks [rulebooks::rulebooks, rulebooks::rulebook];

    // For whoever believes nobody.
    "verify" how_to_verify::how_to_verify [how_to_verify::how_to_verify];
    "verifier.html" offline::verifier [offline::verifier];

    // For whoever has something to bring.
    "publish" publish::publish [publish::publish];
    "evidence" evidence::evidence [evidence::evidence, evidence::file, evidence::bring];

    // What pages are made of.
    "assets" assets::asset [assets::asset];
}

/// The query of a page that has no parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

/// The description of the pages, each with the language it takes.
pub(crate) fn described() -> utoipa::openapi::OpenApi {
    let mut description = Described::openapi();
    let language = || {
        let codes = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["zh", "en", ""]));
        let words = "The language; where it is not said, the one that `Accept-Language` prefers";
        ParameterBuilder::new()
            .name("lang")
            .parameter_in(ParameterIn::Query)
            .description(Some(words))
            .schema(Some(codes))
            .build()
    };
    let pages = description.paths.paths.iter_mut().filter(|(path, _)| !path.starts_with("/assets/"));
    for operation in pages.filter_map(|(_, item)| item.get.as_mut()) {
        operation.parameters.get_or_insert_default().push(language().into());
    }
    description
}

/// The way to the pages.
pub(crate) fn routes() -> BoxedFilter<(Response,)> {
    let visit = warp::ext::get::<Arc<Visit>>;
    let page = warp::get().and(visit()).then(show).then(reply);
    let bring = warp::post().and(warp::path("evidence")).and(warp::path::end()).and(visit());
    let bring = bring.and(warp::ext::get::<Client>()).and(warp::header::headers_cloned()).and(warp::body::stream());
    let bring = bring.then(evidence::bring).then(reply);
    page.or(bring).unify().boxed()
}
