//! The library's fixed phrases in Chinese, for the places where an error carries one.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;

use alloc::borrow::Cow;

/// A phrase in Chinese; one that is not listed is left as it is.
pub(super) fn phrase(english: &str) -> Cow<'_, str> {
    if let Some(zh) = listed(english).or_else(|| form(english)) {
        return Cow::Borrowed(zh);
    }
    scope(english).map_or(Cow::Borrowed(english), Cow::Owned)
}

/// What an authority error says about a scope: `it is no publisher for sector land and region 410100`.
fn scope(english: &str) -> Option<String> {
    let (role, rest) = english.strip_prefix("it is no ")?.split_once(" for sector ")?;
    let (sector, place) = rest.split_once(" and ")?;
    let role = if role == "supervisor" { "监督部门" } else { "发布主体" };
    let place = place
        .strip_prefix("region ")
        .map_or("未写地区（须有全域授权）".to_owned(), |region| format!("地区 {region}"));
    Some(format!("它不是类别 {sector}、{place} 的{role}"))
}

/// Why a statement or a subject's order does not hold.
fn listed(english: &str) -> Option<&'static str> {
    Some(match english {
        "a seal belongs to no subject" => "封印不属于任何主体",
        "it is about another subject" => "它属于另一主体",
        "it does not follow the entry before it" => "它接不上前一条",
        "its index is out of order" => "它的序号次序不对",
        "its time is before that of an earlier entry" => "它的时间早于在前的条目",
        "entry 0, and only entry 0, is the genesis" => "第 0 条、且只有第 0 条是创世条目",
        "`prev` is zero in entry 0 and only there" => "`prev` 只在第 0 条为零",
        "`seq` and `prev_in_subject` do not go together" => "`seq` 与 `prev_in_subject` 不相配",
        "the last entry of a head is a seal" => "账本头的最后一条是封印",
        "its time is after that of the seal" => "它的时间晚于封印",
        "does not end in a seal" => "末条不是封印",
        "has another root than a checkpoint of the same size" => "与同样条数的另一检查点根不相同",
        "`prev` is not the hash of the entry before it" => "`prev` 不是前一条的哈希",
        "the statement is about another subject than its entry" => "声明与条目的主体不同",
        "it has no disclosures" => "它不应有披露项",
        "it names another origin than the head" => "它的来源与账本头不同",
        "its `prev` must be zero" => "它的 `prev` 应为零",
        "the head is not signed by the log key that the genesis, or a later rotation, names" => {
            "账本头不是由创世条目或其后轮换所定的账本密钥签名的"
        }
        "must be a checkpoint of this ledger that does not cover the entry" => "应为本账本尚未包含该条目的检查点",
        "must be a checkpoint of this ledger, up to the head, that covers the entry" => {
            "应为本账本不超过账本头、已包含该条目的检查点"
        }
        "only the recovery key names the next root" => "只有恢复密钥可以指定下一把根密钥",
        "the recovery key names the next root and signs nothing else" => "恢复密钥只用于指定下一把根密钥",
        "only the root names the next log key, whose name is the origin" => {
            "只有根密钥可以指定下一把账本密钥，且名称须为来源"
        }
        "only the root records rulebooks and calendars" => "只有根密钥可以记录规则和日历",
        "the root is no publisher" => "根密钥不是发布主体",
        "the log is no publisher" => "账本密钥不是发布主体",
        "only the publisher who sealed a value reveals it" => "谁密封，谁启封",
        "authority is given by the root or a supervisor" => "授权须由根密钥或监督部门作出",
        "a supervisor decides only about publishers that are no supervisors, within its own sectors and regions" => {
            "监督部门只能就本类别、本地区内的非监督主体作决定"
        }
        "it must be an earlier notice" => "应为在前的公告",
        "it must be a notice of the same project" => "应为同一项目的公告",
        "a reveal names digests that this notice sealed" => "启封的摘要应为该公告所密封",
        "the digests must be the notice's own" => "摘要应属于该公告",
        "no such entry" => "没有这一条",
        "sector" => "类别",
        "stage" => "环节",
        _ => return None,
    })
}

/// What a member or a part of an entry must be.
fn form(english: &str) -> Option<&'static str> {
    Some(match english {
        "a string" => "字符串",
        "a string that is not empty" => "非空字符串",
        "an object" => "对象",
        "an array" => "数组",
        "an array of objects" => "对象数组",
        "an array of strings" => "字符串数组",
        "an array of two" => "两个元素的数组",
        "a date" => "日期",
        "a year" => "年份",
        "a decimal string" => "十进制数字符串",
        "a digest" => "摘要",
        "an integer above 0" => "大于 0 的整数",
        "an integer from 0 to 2^53" => "0 至 2^53 的整数",
        "an integer from 0 to 2^53 without leading zero" => "没有前导零的 0 至 2^53 的整数",
        "six digits of GB/T 2260" => "GB/T 2260 的六位数字",
        "an RFC 3339 instant or a date" => "RFC 3339 时刻或日期",
        "64 lower-case hex digits" => "64 位小写十六进制",
        "1 to 200 characters" => "1 至 200 个字符",
        "a publisher id, [A-Za-z0-9._:-]{1,64}" => "发布主体编号 [A-Za-z0-9._:-]{1,64}",
        "at most 64 hashes" => "至多 64 个哈希",
        "at most 256 hashes" => "至多 256 个哈希",
        "32 bytes in canonical base64" | "hashes of 32 bytes in canonical base64" => "32 字节的规范 base64",
        "the base64 of a checkpoint of another ledger" => "另一账本检查点的 base64",
        "32 zero bytes" => "32 个零字节",
        "version 1" => "版本 1",
        "the end of a string" => "字符串的结尾",
        "the end of the entry" => "条目的结尾",
        "a string without backslash and control characters" => "不含反斜杠和控制字符的字符串",
        "kind statement, genesis or seal" => "statement、genesis 或 seal",
        "the vkey of an Ed25519 log key" => "Ed25519 账本密钥的 vkey",
        "the vkey of an Ed25519 log key whose name is the origin" => "名称即来源的 Ed25519 账本密钥的 vkey",
        "a valid Ed25519 key in canonical base64url" => "规范 base64url 的有效 Ed25519 公钥",
        "a jurisdiction, [a-z0-9-]{1,32}" => "法域 [a-z0-9-]{1,32}",
        "the jurisdiction of `sub`" => "`sub` 的法域",
        "the publisher of `sub`" => "`sub` 的发布主体",
        "enrol, rotate or revoke" => "enrol、rotate 或 revoke",
        "`log` or `root`, which is never revoked, in subject `ledger`" => {
            "主体 ledger 中的 `log` 或 `root`，且不得撤销"
        }
        "codes of this ledger" => "规定的代码",
        "money: {\"amount\":\"1359102.00\",\"currency\":\"CNY\"}" => {
            "金额：{\"amount\":\"1359102.00\",\"currency\":\"CNY\"}"
        }
        "different roles, at least one" => "至少一个、互不相同的角色",
        "different sector codes, at least one" => "至少一个、互不相同的类别",
        "different region prefixes of 0, 2, 4 or 6 digits, at least one" => {
            "至少一个、互不相同的 0、2、4 或 6 位地区前缀"
        }
        "a list of different digests, at least one" => "至少一个、互不相同的摘要",
        "exactly one digest, that of `rules`" => "恰为 `rules` 一项的摘要",
        "different dates, YYYY-MM-DD" => "互不相同的日期 YYYY-MM-DD",
        "at least one date" => "至少一个日期",
        "days that are not holidays too" => "不与节假日重复的日子",
        "plan, retender, split, merged or contract-of" => "plan、retender、split、merged 或 contract-of",
        "array elements are not disclosable, `...` must not occur" => "数组元素不能作披露项，不得出现 `...`",
        "`_sd_alg` stands only beside the claims" => "`_sd_alg` 只能写在最外层",
        "must be an array of digests" => "应为摘要数组",
        "more than 256 digests" => "摘要超过 256 个",
        "a digest is 43 characters of base64url" => "摘要应为 43 个 base64url 字符",
        "an empty list says nothing; leave it out" => "空列表没有意义，应省去",
        "only data.reserve_price and data.experts can be sealed" => "只能密封 data.reserve_price 与 data.experts",
        "`until` must be a stage or a date" => "`until` 应为环节或日期",
        "a field and a digest are sealed once" => "一个字段、一个摘要只能密封一次",
        "the digest must stand in the `_sd` of `data`" => "摘要应在 `data` 的 `_sd` 中",
        "the sealed field is present in the clear" => "密封的字段同时以明文出现",
        _ => return None,
    })
}
