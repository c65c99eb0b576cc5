//! What is wanted of a list, as it stands in a query.
//!
//! An empty parameter, as forms send it, is none. A parameter that is misspelt, that this list does not have or whose value is
//! none of its kind is refused by name: one that is passed over looks as if it had been heeded.

use ledger::index::{Filter, NoticeFilter, NoticePlace, Words, figures};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use verifier::lifecycle::instant::{day_after, start_of};
use verifier::lifecycle::verdict::Standing;
use verifier::log::index::LeafIndex;
use verifier::record::code::{PublisherId, Sector, Stage, is_region_prefix};
use verifier::record::instant::Instant;
use verifier::record::subject::ProjectId;

use super::notices::MAX_ID;
use super::problem::{Code, Problem};
use super::query;

/// Items of a page: the most, and where nothing is said.
const MAX_PAGE: usize = 100;
const PAGE: usize = 20;
/// How long a stream of events stays open at most, in seconds.
pub(super) const LONGEST_STREAM: u64 = 300;

/// The parameters of all lists; each takes its part.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    notice_id: Option<String>,
    sector: String,
    stage: String,
    region: String,
    publisher: String,
    project: String,
    from: String,
    until: String,
    status: String,
    text: String,
    figure: String,
    unit: String,
    after: String,
    limit: Option<String>,
    seconds: Option<String>,
}

/// A parameter that is there.
fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// A parameter whose value is none of its kind.
pub(crate) fn bad(name: &str, zh: &str, en: &str) -> Problem {
    Problem::new(Code::BadRequest, format!("{name}：{zh}"), format!("{name}: {en}"))
}

fn code<T>(name: &str, text: &str, parse: impl Fn(&str) -> Option<T>, known: &[&str]) -> Result<Option<T>, Problem> {
    let known = || known.join(", ");
    let unknown = |text| {
        let (zh, en) =
            (format!("`{text}` 不是代码；可用：{}", known()), format!("`{text}` is no code; known are: {}", known()));
        bad(name, &zh, &en)
    };
    given(text).map(|text| parse(text).ok_or_else(|| unknown(text))).transpose()
}

fn whole_number(name: &str, text: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64, Problem> {
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|n| plain && range.contains(n)).ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        bad(name, &format!("应为 {least} 至 {most}"), &format!("{least} to {most} is expected"))
    })
}

/// The figure that every project counts in.
pub(crate) const ALL: &str = "projects";

/// A sector, by its code.
pub(super) fn sector(text: &str) -> Result<Option<Sector>, Problem> {
    code("sector", text, Sector::named, &codes(Sector::ALL, Sector::code))
}

/// A district: six digits; empty for `none`, where no notice gives one.
pub(super) fn district(text: &str) -> Result<Option<String>, Problem> {
    match given(text) {
        Some("none") => Ok(Some(String::new())),
        Some(district) if district.len() == 6 && is_region_prefix(district) => Ok(Some(district.to_owned())),
        Some(_) => Err(bad("district", "应为 6 位区划代码或 none", "6 digits of GB/T 2260, or none, are expected")),
        None => Ok(None),
    }
}

impl Wanted {
    /// Reads a query.
    pub(crate) fn read(text: &str) -> Result<Self, Problem> {
        query(text)
    }

    /// That parameters are not there which this list does not have.
    pub(crate) fn has_no(&self, names: &[&str]) -> Result<(), Problem> {
        match self.all().into_iter().find(|(name, is_given)| *is_given && names.contains(name)) {
            Some((name, _)) => Err(bad(name, "此处没有该参数", "there is no such parameter here")),
            None => Ok(()),
        }
    }

    /// The parameters by name, and whether they are there.
    fn all(&self) -> [(&'static str, bool); 15] {
        let is = |text: &str| !text.is_empty();
        [
            ("notice_id", self.notice_id.is_some()),
            ("sector", is(&self.sector)),
            ("stage", is(&self.stage)),
            ("region", is(&self.region)),
            ("publisher", is(&self.publisher)),
            ("project", is(&self.project)),
            ("from", is(&self.from)),
            ("until", is(&self.until)),
            ("status", is(&self.status)),
            ("text", is(&self.text)),
            ("figure", is(&self.figure)),
            ("unit", is(&self.unit)),
            ("after", is(&self.after)),
            ("limit", self.limit.is_some()),
            ("seconds", self.seconds.is_some()),
        ]
    }

    fn sector(&self) -> Result<Option<Sector>, Problem> {
        sector(&self.sector)
    }

    /// The region, if it is one that the statistics count a project under; an empty one is that of those without.
    fn district(&self) -> Option<&str> {
        match given(&self.region) {
            Some("none") => Some(""),
            region => region.filter(|region| region.len() == 6 && given(&self.figure).is_some()),
        }
    }

    /// The lists of the statistics that a project must stand in. With a figure, sector and region are what the statistics count a
    /// project under, not what any of its notices says.
    fn lists(&self) -> Result<Vec<String>, Problem> {
        let figure = given(&self.figure);
        let is_name =
            |name: &str| name.len() <= 200 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:.-".contains(&b));
        if figure.is_some_and(|figure| !is_name(figure)) {
            return Err(bad("figure", "应为统计表中一列的名称", "the name of a figure of the statistics is expected"));
        }
        let mut lists: Vec<String> = figure.filter(|figure| *figure != ALL).map(str::to_owned).into_iter().collect();
        if self.unit.chars().count() > 200 {
            return Err(bad("unit", "至多 200 个字符", "at most 200 characters are expected"));
        }
        lists.extend(given(&self.unit).map(figures::list_of_unit));
        lists.extend(self.district().map(figures::list_of_district));
        if figure.is_some() {
            lists.extend(self.sector()?.map(figures::list_of_sector));
        }
        Ok(lists)
    }

    fn stage(&self) -> Result<Option<Stage>, Problem> {
        code("stage", &self.stage, Stage::named, &codes(Stage::ALL, Stage::code))
    }

    fn standing(&self) -> Result<Option<Standing>, Problem> {
        code("status", &self.status, Standing::parse, &codes(Standing::ALL, Standing::code))
    }

    fn region(&self) -> Result<Option<String>, Problem> {
        match given(&self.region) {
            Some(region) if !is_region_prefix(region) => {
                Err(bad("region", "应为 2、4 或 6 位区划代码", "2, 4 or 6 digits of GB/T 2260 are expected"))
            }
            region => Ok(region.map(str::to_owned)),
        }
    }

    fn publisher(&self) -> Result<Option<String>, Problem> {
        match given(&self.publisher) {
            Some(publisher) if PublisherId::parse(publisher).is_none() => Err(bad(
                "publisher",
                "应为 1 至 64 个字母、数字或 . _ : -",
                "1 to 64 letters, digits or . _ : - are expected",
            )),
            publisher => Ok(publisher.map(str::to_owned)),
        }
    }

    fn words(&self) -> Result<Option<Words>, Problem> {
        let words = given(&self.text).map(Words::parse).transpose();
        words.map_err(|error| bad("text", "至多 200 个字符", &error.to_string()))
    }

    /// The period in milliseconds: from, to before. A day is one of Asia/Shanghai, and as an end it belongs to the period.
    fn period(&self) -> Result<[Option<u64>; 2], Problem> {
        let moment = |name: &str, text: &str, of_day: fn(jiff::civil::Date) -> i64| -> Result<Option<u64>, Problem> {
            let Some(text) = given(text) else { return Ok(None) };
            let instant = Instant::parse(text).ok_or_else(|| {
                bad(
                    name,
                    "应为日期（2026-03-17）或 RFC 3339 时刻",
                    "a date (2026-03-17) or an RFC 3339 instant is expected",
                )
            })?;
            let ms = match instant {
                Instant::At(at) => at.as_millisecond(),
                Instant::On(day) => of_day(day).saturating_mul(1000),
            };
            Ok(Some(u64::try_from(ms).unwrap_or(0)))
        };
        Ok([moment("from", &self.from, start_of)?, moment("until", &self.until, day_after)?])
    }

    /// How many items a page may have.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        let Some(limit) = &self.limit else { return Ok(PAGE) };
        let limit = whole_number("limit", limit, 1..=MAX_PAGE as u64)?;
        Ok(usize::try_from(limit).unwrap_or(PAGE))
    }

    /// How many seconds a stream stays open.
    pub(super) fn seconds(&self) -> Result<u64, Problem> {
        self.seconds.as_ref().map_or(Ok(LONGEST_STREAM), |seconds| whole_number("seconds", seconds, 0..=LONGEST_STREAM))
    }

    /// Which notices; none if no notice can be meant, as what can be no project's id is no project's.
    pub(crate) fn notices(&self) -> Result<NoticeFilter, Problem> {
        let (mut shared, project) = (self.projects()?, given(&self.project).map(ProjectId::normalise));
        if matches!(project, Some(Err(_))) {
            shared.words = Some(Words::nothing());
        }
        Ok(NoticeFilter { shared, project: project.and_then(Result::ok) })
    }

    /// Which projects.
    pub(crate) fn projects(&self) -> Result<Filter, Problem> {
        let [from, until] = self.period()?;
        Ok(Filter {
            sector: if given(&self.figure).is_some() { None } else { self.sector()? },
            stage: self.stage()?,
            region: if self.district().is_some() { None } else { self.region()? },
            publisher: self.publisher()?,
            from,
            until,
            standing: self.standing()?,
            words: self.words()?,
            lists: self.lists()?,
        })
    }

    /// Where the last page of notices ended.
    pub(crate) fn notice_place(&self) -> Result<Option<NoticePlace>, Problem> {
        let Some(text) = given(&self.after) else { return Ok(None) };
        let (in_title, index) = text.strip_prefix('t').map_or((false, text), |index| (true, index));
        Ok(Some(NoticePlace { in_title, index: place(index)? }))
    }

    /// Where the last page of projects, or a stream, ended.
    pub(crate) fn place(&self) -> Result<Option<u64>, Problem> {
        given(&self.after).map(place).transpose()
    }

    /// The id of a notice that is looked for, and its publisher.
    pub(super) fn notice_id(&self) -> Result<Option<(&str, Option<&str>)>, Problem> {
        let Some(id) = &self.notice_id else { return Ok(None) };
        if !(1..=MAX_ID).contains(&id.chars().count()) {
            let (zh, en) = (format!("有 1 至 {MAX_ID} 个字符"), format!("1 to {MAX_ID} characters are expected"));
            return Err(bad("notice_id", &zh, &en));
        }
        if self.all().iter().any(|(name, is_given)| *is_given && !matches!(*name, "notice_id" | "publisher")) {
            return Err(bad("notice_id", "只能与 publisher 同用", "goes with `publisher` alone"));
        }
        self.publisher()?;
        Ok(Some((id, given(&self.publisher))))
    }
}

fn place(text: &str) -> Result<u64, Problem> {
    let place = LeafIndex::parse_decimal(text).map(|place| place.0);
    place.map_err(|_| bad("after", "应为上一页的 next", "the `next` of the page before is expected"))
}

/// Where a page ended, for the next request.
pub(crate) fn place_text(place: NoticePlace) -> String {
    format!("{}{}", if place.in_title { "t" } else { "" }, place.index)
}

fn codes<T: Copy>(all: &[T], code: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|one| code(*one)).collect()
}

/// A code as the description shows it: one of those known, or none.
fn code_schema(known: Vec<&'static str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some([known, vec![""]].concat())).into()
}

/// A sector's code.
pub(crate) struct SectorCode;
/// A stage's code.
pub(crate) struct StageCode;
/// How a project stands.
pub(crate) struct StandingCode;
/// A day or an instant.
pub(crate) struct MomentText;

impl utoipa::PartialSchema for SectorCode {
    fn schema() -> RefOr<Schema> {
        code_schema(codes(Sector::ALL, Sector::code))
    }
}

impl utoipa::PartialSchema for StageCode {
    fn schema() -> RefOr<Schema> {
        code_schema(codes(Stage::ALL, Stage::code))
    }
}

impl utoipa::PartialSchema for StandingCode {
    fn schema() -> RefOr<Schema> {
        code_schema(codes(Standing::ALL, Standing::code))
    }
}

impl utoipa::PartialSchema for MomentText {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let of = |format| text().format(Some(SchemaFormat::KnownFormat(format)));
        let moments = AnyOfBuilder::new().item(of(KnownFormat::Date)).item(of(KnownFormat::DateTime));
        Schema::AnyOf(moments.item(text().max_length(Some(0))).build()).into()
    }
}

impl ToSchema for SectorCode {}
impl ToSchema for StageCode {}
impl ToSchema for StandingCode {}
impl ToSchema for MomentText {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_as_an_end_belongs_to_the_period() {
        let wanted = Wanted::read("from=2026-03-17&until=2026-03-17&sector=").unwrap();
        let [from, until] = wanted.period().unwrap();
        assert_eq!(until.unwrap() - from.unwrap(), 86_400_000);
        assert!(Wanted::read("from=17.3.2026").unwrap().notices().is_err());
    }

    #[test]
    fn what_a_list_does_not_have_is_refused_by_name() {
        assert!(Wanted::read("misspelt=1").is_err() && Wanted::read("text=a&text=b").is_err());
        let wanted = Wanted::read("project=P-1&seconds=1&limit=100").unwrap();
        assert!(wanted.has_no(&["seconds"]).is_err() && wanted.has_no(&["notice_id"]).is_ok());
        for (query, limit) in [("", Some(20)), ("limit=100", Some(100)), ("limit=", None), ("limit=%2B1", None)] {
            assert_eq!(Wanted::read(query).unwrap().limit().ok(), limit, "{query}");
        }
    }
}
