//! Publishers and supervisors: who may say what, with which key, from when to when; what each has published, and its figures.

use std::sync::Arc;

use ledger::index::{Filter, NoticeFilter, Part};
use maud::{Markup, html};
use verifier::explain::place::place;
use verifier::log::index::LeafIndex;
use verifier::record::authority::Grant;
use verifier::record::code::{PublisherId, Sector};
use verifier::record::entry::EntryTime;
use verifier::record::statement::{AuthorityChange, Content, GrantAction, Scope};
use verifier::record::subject::Subject;

use super::Visit;
use super::page::{Page, Place};
use super::statistics::of_unit;
use super::text::{badge, code, columns, number, pick, said, stage, time_ms};
use super::visit::encoded;
use crate::http::answer::Answer;
use crate::http::lists::count_text;
use crate::http::problem::{Code, Problem};
use crate::http::registers::statements;

/// Notices shown of a publisher.
const NEWEST: usize = 10;

/// The publishers
#[utoipa::path(get, path = "/publishers", operation_id = "publishers_page", tag = "portal",
    responses((status = 200, description = "Who may publish what, where", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn publishers(visit: Arc<Visit>) -> Result<Answer, Problem> {
    visit.parameters::<super::NoParameters>()?;
    if !visit.rest().is_empty() {
        return publisher(visit).await;
    }
    let registry = visit.site.ledger.registry_now();
    let all: Vec<_> = registry.publishers(LeafIndex(u64::MAX)).collect();
    let title = visit.say("发布主体", "Publishers");
    let body = html! {
        h1 { (title) }
        p { (visit.say(
            "只有登记在账本中的主体，用登记的密钥签名，才能就所授权的类别和地区发布公告；授权、换钥、撤销都是账本中的条目。",
            "Only who is enrolled in the ledger can publish, signed with the enrolled key, about the sectors and regions granted; every grant, change of key and revocation is an entry of the ledger.",
        )) }
        @if all.is_empty() { p.muted { (visit.say("尚无登记的主体。", "Nobody is enrolled yet.")) } }
        @else {
            div.scroll tabindex="0" role="group" aria-label=(title) {
                table {
                    caption { (number(all.len() as u64)) (visit.say(" 个主体", " publishers and supervisors")) }
                    (columns(&visit, &[("名称", "Name"), ("编号", "Id"), ("角色", "Roles"), ("类别", "Sectors"), ("地区", "Regions"), ("授权", "Authority")]))
                    tbody {
                        @for (id, grant) in all {
                            tr {
                                th scope="row" { a href=(address(&visit, id)) { (said(registry.name(id, LeafIndex(u64::MAX)).unwrap_or(id.as_str()))) } }
                                td { code { (id.as_str()) } }
                                @if let Some(Grant { scope, .. }) = grant {
                                    td { (roles(&visit, scope)) } td { (sectors(&visit, scope)) } td { (regions(&visit, scope)) }
                                    td { (in_force(&visit, true)) }
                                } @else { td { "—" } td { "—" } td { "—" } td { (in_force(&visit, false)) } }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(Page::new(title, Place::Publishers, body).answer(&visit))
}

fn address(visit: &Visit, id: &PublisherId) -> String {
    visit.link(&format!("/publishers/{}", encoded(id.as_str())))
}

fn in_force(visit: &Visit, is: bool) -> Markup {
    if is { badge("ok", visit.say("有效", "in force")) } else { badge("bad", visit.say("已撤销", "revoked")) }
}

fn roles(visit: &Visit, scope: &Scope) -> String {
    let named = scope.roles.iter().map(|role| visit.say(role.zh(), role.en()));
    named.collect::<Vec<_>>().join(visit.say("、", ", "))
}

fn sectors(visit: &Visit, scope: &Scope) -> String {
    if scope.sectors.len() == Sector::ALL.len() {
        return visit.say("全部", "all").to_owned();
    }
    let named = scope.sectors.iter().map(|sector| visit.say(sector.zh(), sector.en()));
    named.collect::<Vec<_>>().join(visit.say("、", ", "))
}

fn regions(visit: &Visit, scope: &Scope) -> String {
    let named = scope.regions.iter().map(|region| match region.as_str() {
        "" => visit.say("全部", "everywhere").to_owned(),
        region => format!("{} {region}", pick(visit, &place(Some(&format!("{region:0<6}"))))),
    });
    named.collect::<Vec<_>>().join(visit.say("、", ", "))
}

/// A publisher
#[utoipa::path(get, path = "/publishers/{id}", operation_id = "publisher_page", tag = "portal",
    params(("id" = String, Path, description = "The publisher's id", pattern = "^[A-Za-z0-9._:-]{1,64}$", example = "centre")),
    responses((status = 200, description = "Its keys and when they counted, what it may do, its newest notices and its figures", body = String, content_type = "text/html; charset=utf-8")))]
async fn publisher(visit: Arc<Visit>) -> Result<Answer, Problem> {
    let none = || Problem::new(Code::NotFound, "账本中没有这个发布主体", "there is no such publisher in the ledger");
    let id = percent_encoding::percent_decode_str(visit.rest()).decode_utf8().map_err(|_| none())?;
    let id = PublisherId::parse(&id).ok_or_else(none)?;
    let registry = visit.site.ledger.registry_now();
    let name = registry.name(&id, LeafIndex(u64::MAX)).ok_or_else(none)?.to_owned();
    let grant = registry.grant(&id, LeafIndex(u64::MAX));
    let changes = changes(&visit, &id).await?;
    let since = changes.first().map(|change| change.time);
    let body = html! {
        p.crumbs { a href=(visit.link("/publishers")) { (visit.say("发布主体", "Publishers")) } " › " code { (id.as_str()) } }
        h1 { (said(&name)) }
        dl.facts {
            dt { (visit.say("编号", "Id")) } dd { code { (id.as_str()) } }
            dt { (visit.say("授权", "Authority")) }
            dd { (in_force(&visit, grant.is_some())) @if let Some(since) = since { " " (visit.say("始于 ", "since ")) (time_ms(since.0)) } }
            @if let Some(grant) = grant {
                dt { (visit.say("角色", "Roles")) } dd { (roles(&visit, &grant.scope)) }
                dt { (visit.say("类别", "Sectors")) } dd { (sectors(&visit, &grant.scope)) }
                dt { (visit.say("地区", "Regions")) } dd { (regions(&visit, &grant.scope)) }
                dt { (visit.say("现用密钥", "Key in force")) } dd { (code(&grant.jwk().kid_text())) }
            }
        }
        (history(&visit, &changes))
        (figures(&visit, &name).await?)
        (newest(&visit, &id).await?)
    };
    Ok(Page::new(name, Place::Publishers, body).answer(&visit))
}

/// A change of a publisher's authority.
struct Change {
    index: u64,
    time: EntryTime,
    change: AuthorityChange,
}

async fn changes(visit: &Visit, id: &PublisherId) -> Result<Vec<Change>, Problem> {
    let stated = statements(&visit.site, &Subject::Authority(id.clone())).await?;
    let changes = stated.into_iter().filter_map(|stated| match stated.statement.content {
        Content::Authority { change, .. } => Some(Change { index: stated.index, time: stated.time, change }),
        _ => None,
    });
    Ok(changes.collect())
}

/// Every key it had, from when to when, and what it might do with it.
fn history(visit: &Visit, changes: &[Change]) -> Markup {
    let title = visit.say("密钥与授权的经过", "Keys and authority, over time");
    let until = |at: usize| changes.get(at + 1).map(|next| next.time);
    html! {
        h2 { (title) }
        div.scroll tabindex="0" role="group" aria-label=(title) {
            table {
                (columns(visit, &[("自", "From"), ("至", "Until"), ("变动", "Change"), ("密钥指纹（RFC 7638）", "Key (RFC 7638 thumbprint)"), ("可为", "May"), ("条目", "Entry")]))
                tbody {
                    @for (at, Change { index, time, change }) in changes.iter().enumerate() {
                        tr {
                            th scope="row" { (time_ms(time.0)) }
                            td { @if let Some(until) = until(at) { (time_ms(until.0)) } @else { "—" } }
                            @match change {
                                AuthorityChange::Grant { action, name, key, scope, .. } => {
                                    td { @if *action == GrantAction::Enrol { (visit.say("登记", "enrolled")) } @else { (visit.say("变更", "changed")) } " " (said(name)) }
                                    td { (code(&key.kid_text())) }
                                    td { (roles(visit, scope)) " · " (sectors(visit, scope)) " · " (regions(visit, scope)) }
                                }
                                _ => { td { (visit.say("撤销", "revoked")) } td { "—" } td { "—" } }
                            }
                            td { (index) }
                        }
                    }
                }
            }
        }
    }
}

/// Its figures, where it is the responsible unit of projects.
async fn figures(visit: &Visit, name: &str) -> Result<Markup, Problem> {
    let figures = visit.site.figures(&Part::default()).await?;
    Ok(match figures.summary.units.get(name) {
        None => html! {},
        Some(group) => html! {
            h2 { (visit.say("作为责任单位的项目", "Projects it is responsible for")) }
            (of_unit(visit, name, group))
        },
    })
}

async fn newest(visit: &Visit, id: &PublisherId) -> Result<Markup, Problem> {
    let shared = Filter { publisher: Some(id.as_str().to_owned()), ..Filter::default() };
    let page = visit.site.index.notices(&NoticeFilter { shared, project: None }, None, NEWEST).await?;
    Ok(html! {
        h2 { (visit.say("最新公告", "Newest notices")) }
        @if page.found.is_empty() { p.muted { (visit.say("尚未发布公告。", "It has published no notice yet.")) } }
        @else {
            ol.notices {
                @for found in &page.found {
                    li {
                        a.title href=(visit.notice(found.index)) { (said(&found.title)) }
                        p.about {
                            (badge("plain", &stage(visit, &found.stage)))
                            " · " a href=(visit.project(&found.project)) { (said(&found.project)) }
                            " · " (time_ms(found.time))
                        }
                    }
                }
            }
            p {
                a href=(visit.link(&format!("/search?publisher={}", encoded(id.as_str())))) { (visit.say("它的全部公告", "All its notices")) }
                " " span.muted { (count_text(page.count, page.more)) }
            }
        }
    })
}
