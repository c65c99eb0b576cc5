//! How to verify: what a page from this server can prove and what not, the policy, and the exact commands.

use std::sync::Arc;

use maud::{Markup, html};

use super::Visit;
use super::offline::{ADDRESS, offline};
use super::page::{Page, Place};
use super::text::code;
use crate::http::answer::Answer;
use crate::http::problem::Problem;

/// How to verify
#[utoipa::path(get, path = "/verify", operation_id = "how_to_verify_page", tag = "portal",
    responses((status = 200, description = "The policy, the commands, the offline verifier and its hash", body = String, content_type = "text/html; charset=utf-8")))]
pub(super) async fn how_to_verify(visit: Arc<Visit>) -> Result<Answer, Problem> {
    visit.parameters::<super::NoParameters>()?;
    let title = visit.say("如何核验", "How to verify");
    let body = html! {
        h1 { (title) }
        p.lead { (visit.say(
            "您不必相信本网站。账本的每个结论都可以凭一个文件和一份策略自行核验，不必联网，也不必相信任何服务器。",
            "You need not believe this site. Whatever the ledger says can be verified from a file and a policy, without a network and without believing any server.",
        )) }
        (limits(&visit))
        (policy(&visit))
        (offline_file(&visit))
        (commands(&visit))
        (whole(&visit))
    };
    Ok(Page::new(title, Place::Verify, body).answer(&visit))
}

fn limits(visit: &Visit) -> Markup {
    html! {
        h2 { (visit.say("网页能证明什么", "What a page can prove")) }
        ul {
            li { (visit.say(
                "项目页上的“核验”由您的浏览器独立计算，案卷若在途中被改，会被发现。",
                "The button on a project's page computes in your browser, independently; a dossier altered on its way is found out.",
            )) }
            li { (visit.say(
                "但做核验的程序也来自本网站：存心作伪的服务器可以连程序一起换掉。要排除这一点，请用下载保存的离线文件，或 mingzhang-verify。",
                "But the program that verifies comes from this site, too: a server that means to deceive can replace it. To exclude that, use the offline file that you keep, or mingzhang-verify.",
            )) }
            li { (visit.say(
                "任何核验都说不了：从未提交的公告、附件以外的事实、发布主体所述是否属实。",
                "No verification can tell what was never submitted, what happened outside the notices, or whether what a publisher says is true.",
            )) }
        }
    }
}

fn policy(visit: &Visit) -> Markup {
    let text = String::from_utf8_lossy(&visit.site.policy_file).into_owned();
    html! {
        h2 #policy { (visit.say("一、策略：以谁的话为准", "1. The policy: whose word counts")) }
        p { (visit.say(
            "策略（C2SP tlog-policy）列出账本的公钥和见证人。下面是本账本的；请同时从别处取得并比对，例如主管部门的公告、报纸或熟人，否则您核验的只是本网站自己的说法。",
            "The policy (C2SP tlog-policy) names the ledger's key and its witnesses. Below is this ledger's; get it from elsewhere, too, and compare: from the authority's gazette, a newspaper, somebody you know. Else you verify only what this site says of itself.",
        )) }
        @if text.is_empty() { p.muted { (visit.say("本服务器没有策略文件，请向账本的运行方索取。", "This server has no policy file: ask the ledger's operator for it.")) } }
        @else {
            pre tabindex="0" { code { (text) } }
            (command(&format!("curl -o policy.txt {}/policy.txt", visit.origin())))
        }
    }
}

fn offline_file(visit: &Visit) -> Markup {
    html! {
        h2 #offline { (visit.say("二、离线文件：一个网页文件，断网可用", "2. The offline file: one page that needs no network")) }
        p {
            a.button href=(visit.plain_link(ADDRESS)) download { (visit.say("下载 verifier.html", "Download verifier.html")) }
        }
        p { (visit.say("其 SHA-256 应为（发布记录中同样列出）：", "Its SHA-256, which the release notes name, too:")) " " (code(&offline().sha256_hex())) }
        p.small { (visit.say("浏览器子资源完整性写法：", "As browsers write it for subresource integrity: ")) (code(&offline().integrity())) }
        (command("sha256sum verifier.html"))
        p { (visit.say(
            "断网后用浏览器打开，把案卷或回执以及策略拖进去。",
            "Open it in a browser with the network off, and drop a dossier or receipt and the policy into it.",
        )) }
    }
}

fn command(line: &str) -> Markup {
    html! { pre tabindex="0" { code { (line) } } }
}

fn commands(visit: &Visit) -> Markup {
    let origin = visit.origin();
    let (project, number) = (visit.say("项目编号", "PROJECT"), visit.say("序号", "N"));
    html! {
        h2 #commands { (visit.say("三、mingzhang-verify：命令行核验", "3. mingzhang-verify on the command line")) }
        h3 { (visit.say("一个项目的案卷：有哪些公告、有没有被改或抽走、是否依法按时公开", "A project's dossier: its notices, whether any was altered or taken out, whether the law was kept")) }
        (command(&format!("curl -o dossier.json {origin}/api/v1/projects/{project}/dossier\nmingzhang-verify dossier dossier.json --policy policy.txt --project {project}")))
        h3 { (visit.say("一条公告的回执：它确在账本中", "A notice's receipt: that it is in the ledger")) }
        (command(&format!("curl -o receipt.tlog-proof {origin}/api/v1/notices/{number}/receipt\nmingzhang-verify receipt receipt.tlog-proof --policy policy.txt")))
        h3 { (visit.say("缺失证明：某环节（例如合同 contract）确实没有公告", "An absence proof: that a stage, the contract say, has no notice")) }
        (command(&format!("curl -o absence.json {origin}/api/v1/projects/{project}/absence\nmingzhang-verify absence absence.json --policy policy.txt --project {project} --stage contract")))
        h3 { (visit.say("回执与后来的案卷相矛盾时：写成证据", "A receipt that a later dossier contradicts: evidence of it")) }
        (command("mingzhang-verify contradict receipt.tlog-proof dossier.json --policy policy.txt --output evidence.json\nmingzhang-verify evidence evidence.json --policy policy.txt"))
        p { a href=(visit.link("/evidence")) { (visit.say("提交证据", "Bring evidence")) } }
        p.small { (visit.say(
            "退出码：0 成立，1 不成立，2 无法核验，3 未被篡改但有不符之处，4 格式较新。",
            "Exit codes: 0 holds, 1 does not, 2 could not be checked, 3 intact but not all holds, 4 a newer format.",
        )) }
    }
}

fn whole(visit: &Visit) -> Markup {
    let origin = visit.origin();
    html! {
        h2 #audit { (visit.say("四、整个账本：审计与监测", "4. The whole ledger: audit and monitor")) }
        p { (visit.say(
            "审计逐条重算全部签名、树和主体映射，并可写出督查报告，与统计页逐格相同；监测持续审计，并把所见与见证人所见对照。",
            "An audit replays every signature, the tree and the subject map, and writes the inspector's report, which agrees with the statistics cell by cell; a monitor goes on auditing, and compares what it sees with what the witnesses have seen.",
        )) }
        (command(&format!("mingzhang-verify audit {origin} --policy policy.txt --state state --report report\nmingzhang-verify monitor {origin} --policy policy.txt --state monitor")))
    }
}
