//! Atom feeds (RFC 4287) of the newest notices, of all or of a sector, a district, a project, or any other list.

use std::io;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use verifier::record::code::{Sector, Stage};
use verifier::record::entry::EntryTime;

use super::Site;
use super::answer::Answer;
use super::cache::Cache;
use super::entry_view::rfc3339;
use super::lists::NoticeView;
use super::parameters::{MomentText, SectorCode, StageCode, StandingCode, Wanted, place_text};
use super::problem::Problem;

/// The media type of a feed.
const ATOM: &str = "application/atom+xml";
/// What is encoded in an IRI: everything but letters, digits and the signs of a host and a path.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'/').remove(b':');

/// Newest notices as a feed
///
/// Takes what `/api/v1/notices` takes: a feed of a sector is `?sector=land`, of a district `?region=420106`, of a project
/// `?project=…`. Older ones are behind `rel="next"` (RFC 5005).
#[utoipa::path(get, path = "/feed.atom", tag = "notices",
    params(("sector" = Option<SectorCode>, Query, description = "The sector's code", example = "land"),
        ("region" = Option<String>, Query, description = "2, 4 or 6 digits of GB/T 2260", pattern = "^([0-9]{2}){0,3}$", example = "420106"),
        ("project" = Option<String>, Query, description = "The project's id, as a person types it"),
        ("stage" = Option<StageCode>, Query, description = "The stage's code"),
        ("publisher" = Option<String>, Query, description = "The publisher", pattern = "^[A-Za-z0-9._:-]{0,64}$"),
        ("from" = Option<MomentText>, Query, description = "Recorded from this day or instant on"),
        ("until" = Option<MomentText>, Query, description = "Recorded until the end of this day, or before this instant"),
        ("status" = Option<StandingCode>, Query, description = "How the project stands under the rules"),
        ("text" = Option<String>, Query, description = "Words, all of which must occur; signs alone find nothing", max_length = 200),
        ("after" = Option<String>, Query, description = "As `rel=\"next\"` says", pattern = "^(t?(0|[1-9][0-9]{0,14}))?$"),
        ("limit" = Option<u64>, Query, description = "Entries of a page", minimum = 1, maximum = 100)),
    responses((status = 200, description = "The feed", body = String, content_type = "application/atom+xml")))]
pub(crate) async fn feed(text: String, site: Arc<Site>) -> Result<Answer, Problem> {
    let wanted = Wanted::read(&text)?;
    wanted.has_no(&["notice_id", "seconds", "figure", "unit"])?;
    let (filter, after, limit) = (wanted.notices()?, wanted.notice_place()?, wanted.limit()?);
    site.index_ready()?;
    let page = site.index.notices(&filter, after, limit).await?;
    let notices: Vec<NoticeView> = page.found.into_iter().map(|found| NoticeView::of(found, &site)).collect();
    let parameters = text.split('&').filter(|part| !part.is_empty() && !part.starts_with("after="));
    let own: Vec<&str> = parameters.collect();
    let next = page.next.map(|next| [own.clone(), vec![&*format!("after={}", place_text(next))]].concat().join("&"));
    let feed = Feed { site: &site, notices, query: own.join("&"), asked: &text, next };
    Ok(Answer::new(ATOM, Cache::Revalidate, feed.write()?))
}

struct Feed<'a> {
    site: &'a Site,
    notices: Vec<NoticeView>,
    /// The query without its page.
    query: String,
    asked: &'a str,
    next: Option<String>,
}

type Xml = Writer<Vec<u8>>;

impl Feed<'_> {
    fn write(&self) -> io::Result<Vec<u8>> {
        let mut xml = Writer::new(Vec::new());
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
        let feed = xml.create_element("feed").with_attribute(("xmlns", "http://www.w3.org/2005/Atom"));
        feed.with_attribute(("xml:lang", "zh")).write_inner_content(|xml| self.write_content(xml))?;
        Ok(xml.into_inner())
    }

    fn write_content(&self, xml: &mut Xml) -> io::Result<()> {
        let origin = self.site.ledger.published().checkpoint.origin;
        let base = &self.site.public_url;
        let address = |query: &str| {
            if query.is_empty() { format!("{base}/feed.atom") } else { format!("{base}/feed.atom?{query}") }
        };
        // An id is for ever, whatever address the feed is read at: the ledger's origin is.
        let same = |query: &str| if query.is_empty() { String::new() } else { format!("?{query}") };
        element(xml, "id", &format!("https://{}/feed.atom{}", iri(&origin), same(&self.query)))?;
        element(xml, "title", &format!("明账 {origin}"))?;
        let newest =
            self.notices.iter().filter_map(|notice| notice.shown.as_ref()).map(|shown| &*shown.recorded_at).max();
        element(xml, "updated", newest.unwrap_or(&rfc3339(EntryTime(0))))?;
        link(xml, "self", &address(self.asked))?;
        if let Some(next) = &self.next {
            link(xml, "next", &address(next))?;
        }
        self.notices.iter().try_for_each(|notice| write_entry(xml, notice, &origin, base))
    }
}

fn write_entry(xml: &mut Xml, notice: &NoticeView, origin: &str, base: &str) -> io::Result<()> {
    let Some(shown) = &notice.shown else { return Ok(()) };
    let path = format!("/api/v1/notices/{}", notice.index);
    let author = shown.publisher_name.as_deref().unwrap_or(&notice.publisher);
    let sector = Sector::parse(&shown.sector).map_or("", Sector::zh);
    let stage = Stage::parse(&shown.stage).map_or("", Stage::zh);
    let summary = format!("{sector} · {stage} · {} {}", shown.project, shown.project_name);
    let entry = xml.create_element("entry");
    entry.write_inner_content(|xml| {
        element(xml, "id", &format!("https://{}{path}", iri(origin)))?;
        element(xml, "title", &shown.title)?;
        element(xml, "updated", &shown.recorded_at)?;
        element(xml, "published", &shown.recorded_at)?;
        xml.create_element("author").write_inner_content(|xml| element(xml, "name", author))?;
        for term in [&shown.sector, &shown.stage] {
            xml.create_element("category").with_attribute(("term", term.as_str())).write_empty()?;
        }
        link(xml, "alternate", &format!("{base}{path}"))?;
        element(xml, "summary", &summary)
    })?;
    Ok(())
}

/// An origin as a part of an IRI: whatever it holds beside letters, digits and the signs of a host and a path is encoded.
fn iri(origin: &str) -> String {
    utf8_percent_encode(origin, &ENCODED).to_string()
}

fn element(xml: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(&plain(text)))?;
    Ok(())
}

fn link(xml: &mut Xml, rel: &str, href: &str) -> io::Result<()> {
    let link = xml.create_element("link").with_attribute(("rel", rel));
    link.with_attribute(("href", &*plain(href))).write_empty()?;
    Ok(())
}

/// Without the characters that XML 1.0 does not have, escaped or not (§2.2).
fn plain(text: &str) -> String {
    let is_char = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    text.chars().filter(is_char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_left_out() {
        assert_eq!(plain("a\u{0}\u{B}b\u{FFFE}\n明"), "ab\n明");
        assert_eq!(iri("ledger.example/武"), "ledger.example/%E6%AD%A6");
    }
}
