//! Names of what notices say, for people: `announcement.bid_deadline` is 投标截止, the bid deadline.

use alloc::format;
use alloc::string::String;

use crate::lifecycle::path::{InstantRef, Path, Selector};
use crate::lifecycle::rulebook::Text;

/// The name of a member of a notice or of its `data`; one that is not listed keeps its own.
pub fn member(name: &str) -> Text {
    let (zh, en) = MEMBERS.iter().find(|(known, ..)| *known == name).map_or((name, name), |(_, zh, en)| (zh, en));
    Text { zh: zh.into(), en: en.into() }
}

/// The name of a path, such as `data.candidates[].rank`: 候选人名次, the candidates' rank.
pub fn path(path: &str) -> Text {
    let parts =
        path.split('.').filter(|part| *part != "data").map(|part| member(part.split('[').next().unwrap_or(part)));
    let parts: alloc::vec::Vec<Text> = parts.collect();
    let join =
        |of: fn(&Text) -> &str, between: &str| parts.iter().map(of).collect::<alloc::vec::Vec<_>>().join(between);
    Text { zh: join(|part| &part.zh, ""), en: join(|part| &part.en, " ") }
}

/// The name of what a rule names: `contract.public`, `contract.signed_at`, a sealed field, a day.
pub fn instant(name: &str) -> Text {
    match InstantRef::parse(name) {
        Some(InstantRef::Public(selector)) => {
            let Text { zh, en } = self::selector(&selector);
            Text { zh: format!("{zh}公开"), en: format!("{en} public") }
        }
        Some(InstantRef::Said(said)) => of_stage(&said.selector, &said.path),
        None => match name.strip_suffix(".public").map(path) {
            Some(field) => Text { zh: format!("{}启封", field.zh), en: format!("{} revealed", field.en) },
            None => stage_or(name),
        },
    }
}

/// The name of a stage by its selector, or of a path.
fn stage_or(name: &str) -> Text {
    Selector::parse(name).map_or_else(|| path(name), |parsed| selector(&parsed))
}

/// The name of a stage with what its notices must say: `performance[event=payment]` is 履约（付款）.
pub fn selector(selector: &Selector) -> Text {
    // Which kind of notice an objection is about goes without saying where the rule's title says it.
    let filter = || selector.filter.iter().filter(|filter| filter.member != "about.stage");
    let not = |equals| if equals { ("", "") } else { ("非", "not ") };
    let values = || filter().map(|filter| (not(filter.equals), member(&filter.value)));
    let chinese: String = values().map(|((not, _), value)| format!("（{not}{}）", value.zh)).collect();
    let english: String = values().map(|((_, not), value)| format!(" ({not}{})", value.en)).collect();
    Text { zh: format!("{}{chinese}", selector.stage.zh()), en: format!("{}{english}", selector.stage.en()) }
}

fn of_stage(stage: &Selector, path: &Path) -> Text {
    let (own, stage) = (self::path(path.as_str()), selector(stage));
    // The stage's own dates speak for themselves; dates that several stages have do not.
    match path.as_str() {
        "on" => Text { zh: format!("{}{}", stage.zh, own.zh), en: stage.en },
        "received_on" | "accepted_on" | "answered_on" | "decided_at" | "due_on" => {
            Text { zh: format!("{}{}", stage.zh, own.zh), en: format!("{} {}", stage.en, own.en) }
        }
        _ => own,
    }
}

#[rustfmt::skip]
const MEMBERS: &[(&str, &str, &str)] = &[
    ("title", "标题", "title"), ("text", "正文", "text"), ("project", "项目", "project"), ("lot", "标段", "lot"),
    ("id", "编号", "id"), ("name", "名称", "name"), ("region", "地区", "region"), ("parties", "当事人", "parties"),
    ("true", "是", "yes"), ("false", "否", "no"), ("buyer", "采购人（招标人）", "buyer"), ("seller", "转让方（出让人）", "seller"), ("agency", "代理机构", "agency"),
    ("attachments", "附件", "attachments"), ("category", "类别", "category"), ("method", "方式", "method"),
    ("document_number", "文号", "document number"), ("approved_by", "批准机关", "approved by"),
    ("decided_at", "决定（确定）", "decided"), ("investment", "投资额", "investment"),
    ("unified_project_code", "统一项目代码", "unified project code"), ("item", "事项", "item"),
    ("expected_at", "预计时间", "expected"), ("budget", "预算", "budget"), ("disclosure", "披露", "disclosure"),
    ("transfers_control", "是否转移控制权", "transfers control"), ("year", "年度", "year"), ("parcels", "地块", "parcels"),
    ("prequalification", "资格预审", "prequalification"), ("scope", "内容与范围", "scope"),
    ("funding_source", "资金来源", "source of funds"), ("documents", "文件发售", "documents on offer"),
    ("publicity", "公示", "publicity"), ("questions_until", "提问截止", "questions until"),
    ("application_deadline", "申请截止", "application deadline"), ("bid_deadline", "投标截止", "bid deadline"),
    ("opening_at", "开标时间", "opening"), ("ceiling_price", "最高限价", "ceiling price"),
    ("qualification", "资格条件", "qualification"), ("consortium_allowed", "是否接受联合体", "consortium allowed"),
    ("evaluation_method", "评标办法", "evaluation method"), ("listing", "挂牌", "listing"), ("auction_at", "拍卖时间", "auction"),
    ("starting_price", "起始价", "starting price"), ("deposit", "保证金", "deposit"), ("asset_kind", "资产种类", "asset kind"),
    ("extension", "延期", "extension"), ("floor_price", "转让底价", "floor price"), ("appraisal", "评估值", "appraisal"),
    ("decision_basis", "决策或批准文件", "decision basis"), ("buyer_conditions", "受让条件", "buyer conditions"),
    ("reserve_price", "底价", "reserve price"), ("changed", "变更内容", "changes"), ("affects_bids", "是否影响投标", "affects bids"),
    ("reason", "原因", "reason"), ("changed_on", "变更日期", "changed"), ("new_bid_deadline", "新的投标截止", "new bid deadline"),
    ("restarts_period", "重新计时", "restarts the period"), ("extends_until", "延至", "extended until"),
    ("passed", "通过者", "passed"), ("rejected", "未通过者", "rejected"), ("opened_at", "开标", "opened"), ("place", "地点", "place"),
    ("bids", "投标", "bids"), ("price", "价格", "price"), ("price_text", "报价说明", "price in words"),
    ("period_text", "工期或期限", "period in words"), ("report_received_on", "收到评标报告", "report received"),
    ("candidates", "候选人", "candidates"), ("rank", "名次", "rank"), ("quality", "质量", "quality"), ("manager", "项目负责人", "manager"),
    ("person", "姓名", "person"), ("certificate", "证书", "certificate"), ("evaluation", "评标情况", "evaluation"),
    ("objection_channel", "异议渠道", "objection channel"), ("ended_on", "交易活动结束", "ended"), ("winner", "中标（成交）人", "winner"),
    ("bids_received", "投标数", "bids received"), ("items", "标的", "items"), ("quantity", "数量", "quantity"),
    ("unit_price", "单价", "unit price"), ("experts", "评审专家", "experts"), ("documents_attached", "附采购文件", "documents attached"),
    ("deposits_returned_on", "退还保证金", "deposits returned"), ("signed_at", "合同签订", "contract signed"),
    ("effective_on", "合同生效", "contract effective"), ("supplier", "供应商", "supplier"), ("holder", "受让人", "holder"),
    ("value", "合同金额", "contract value"), ("planned", "约定", "planned"), ("actual", "实际", "actual"),
    ("handover", "交地", "handover"), ("commencement", "开工", "commencement"), ("completion", "竣工（完成）", "completion"),
    ("supervision_number", "电子监管号", "supervision number"), ("payments", "付款", "payments"), ("due_on", "到期", "due"),
    ("amount", "金额", "amount"), ("new_value", "变更后金额", "new value"), ("event", "事项", "event"), ("payment", "付款", "payment"),
    ("progress", "进度", "progress"), ("on", "发生", "on"), ("percent", "百分比", "percent"), ("accepted_on", "验收（受理）", "accepted"),
    ("result", "结果", "result"), ("final_value", "结算金额", "final value"), ("reason_kind", "原因类别", "kind of reason"),
    ("restarts_as", "重新招标项目", "restarts as"), ("received_on", "收到", "received"), ("known_on", "知悉", "known"),
    ("about", "所涉公告", "about"), ("answered_on", "答复", "answered"), ("authority", "机关", "authority"),
    ("penalised", "被处罚人", "penalised"), ("decision", "决定", "decision"), ("extended_until", "延长至", "extended until"),
    ("from", "开始", "begin"), ("until", "截止", "end"), ("contact", "联系方式", "contact"),
    ("service-guide", "服务指南", "service guide"), ("approval", "批准", "approval"), ("land-requisition", "征地", "land requisition"),
    ("design-change", "设计变更", "design change"), ("construction-permit", "施工许可", "construction permit"),
    ("quality-and-safety", "质量安全", "quality and safety"),
    ("days", "日数", "days"), ("at_most", "最多次数", "at most"), ("field", "字段", "field"), ("to", "改为", "to"),
    ("number", "编号", "number"), ("location", "位置", "location"), ("area", "面积", "area"), ("area_text", "面积说明", "area in words"),
    ("use", "用途", "use"), ("years", "年限", "years"), ("plot_ratio_text", "容积率", "plot ratio"),
    ("height_limit_text", "限高", "height limit"), ("granted", "准予", "granted"), ("partly", "部分准予", "partly"),
    ("refused", "不予", "refused"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_both_languages() {
        let zh = |name| instant(name).zh;
        assert_eq!(zh("contract.public"), "合同订立公开");
        assert_eq!(zh("announcement.bid_deadline"), "投标截止");
        assert_eq!(zh("performance[event=payment]"), "履约（付款）");
        assert_eq!(instant("performance[event=payment]").en, "performance (payment)");
        assert_eq!(zh("performance[event=payment].on"), "履约（付款）发生");
        assert_eq!(zh("performance[event=handover].public"), "履约（交地）公开");
        assert_eq!(zh("data.reserve_price.public"), "底价启封");
        assert_eq!(path("data.candidates[].rank").en, "candidates rank");
        assert_eq!(path("data.unheard_of").zh, "unheard_of");
    }
}
