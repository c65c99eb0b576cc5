//! The help texts in Chinese; the English ones stand beside the arguments.

use clap::Command;

/// The same command line, explained in Chinese.
pub(in super::super) fn help_zh(command: Command) -> Command {
    command
        .about("核验明账账本所说的一切，只信你自己的策略文件")
        .after_help("退出码：0 通过；1 不予认可；2 无法核验；3 完好，但列有须注意的原因；4 格式较新，无法判断")
        .mut_arg("json", |arg| arg.help("输出一个 JSON 对象，而不是文字"))
        .mut_arg("lang", |arg| arg.help("文字的语言；缺省随环境"))
        .mut_subcommand("receipt", |command| {
            with_policy(command.about("核验回执：账本收录了这个条目"))
                .mut_arg("file", |arg| arg.help("回执（.tlog-proof）；- 表示标准输入"))
        })
        .mut_subcommand("dossier", |command| {
            with_subject_file(command.about("核验案卷或缺失证明：一个项目的一切，且别无遗漏")).mut_arg("as_of", |arg| {
                arg.help("按这一时刻（或这一天结束时）判断全流程，不晚于账本头：2026-03-17、2026-03-17T00:32:00+08:00")
            })
        })
        .mut_subcommand("absence", |command| {
            with_subject_file(command.about("核验一个项目的某个环节没有公示过：凭缺失证明（几 KB，不含公告），或凭案卷"))
                .after_help("退出码：0 没有公示过，且账本之外另有人作证；1 公示过，或文件不成立；2 无法核验；3 没有公示过，但列有须注意的原因；4 格式较新")
                .mut_arg("stage", |arg| {
                    arg.help("环节的代码或中文名：announcement、candidates、award、contract、performance……")
                })
        })
        .mut_subcommand("contradict", |command| {
            with_policy(command.about("拿回执与其后的案卷对质，写下不能同真之处"))
                .after_help("退出码：0 两者相符；1 两者矛盾，证据已写下，或其中之一不成立；2 无法核验，或案卷说明不了；4 格式较新")
                .mut_arg("receipt", |arg| arg.help("回执（.tlog-proof）；- 表示标准输入"))
                .mut_arg("dossier", |arg| arg.help("其后的案卷或缺失证明（.dossier.json）；- 表示标准输入"))
                .mut_arg("output", |arg| arg.help("证据写在哪里；两者相符则什么也不写"))
        })
        .mut_subcommand("evidence", |command| {
            with_policy(command.about("核验一份证据：它证明账本做了什么"))
                .after_help("退出码：0 证明账本自相矛盾；1 不证明什么；2 无法核验；4 格式较新")
                .mut_arg("file", |arg| arg.help("证据（.json）；- 表示标准输入"))
        })
        .mut_subcommand("audit", |command| {
            with_policy(command.about("重放整个账本：导出的目录，或 http(s) 地址"))
                .mut_arg("source", |arg| arg.help("导出的目录，或 http(s) 地址"))
                .mut_arg("state", |arg| arg.help("把审计结果记在这里，下次只读新增部分"))
                .mut_arg("evidence", |arg| {
                    arg.help("发现账本作假时证据写在哪里；缺省为状态文件旁（或当前目录）的 evidence.json")
                })
                .mut_arg("report", |arg| {
                    arg.help("同时判断每个项目，把督查报告写进这个目录：report.html、report.json 和各 CSV 文件")
                })
                .mut_arg("as_of", |arg| {
                    arg.help("按这一时刻（或这一天结束时）判断，不晚于账本头：2026-03-17、2026-03-17T00:32:00+08:00")
                })
        })
        .mut_subcommand("monitor", monitor)
}

fn monitor(command: Command) -> Command {
    with_policy(command.about("盯住账本：审计新增部分，询问见证人，凡有不实、失约或逾期即报警"))
        .after_help(
            "--once 的退出码：0 无事；1 账本不实（只要仍不实就是 1）；2 无法核验，或警报没有送达（下次再送）；3 完好，但账本头陈旧、\
             共签不足，或有环节新近逾期；4 格式较新。不带 --once 则一直运行，每次查看的代码见 --json",
        )
        .mut_arg("source", |arg| arg.help("http(s) 地址，或导出的目录"))
        .mut_arg("state", |arg| arg.help("在这里记住看过什么、报过什么；审计结果存在旁边同名加 .audit 的文件里"))
        .mut_arg("interval", |arg| arg.help("两次查看之间隔多久：90s、30m、12h"))
        .mut_arg("on_alert", |arg| arg.help("每个警报运行一次这个命令，警报是它标准输入里的一个 JSON 对象；须以 0 退出"))
        .mut_arg("webhook", |arg| arg.help("每个警报以 JSON POST 到这个地址，须以 2xx 作答"))
        .mut_arg("witness_monitor", |arg| arg.help("某个见证人在哪里公布它见过的账本头；缺省为策略里的地址"))
        .mut_arg("max_age", |arg| arg.help("账本头早于此即报警：90s、30m、12h、7d、2w；不写则为 7d"))
        .mut_arg("evidence", |arg| arg.help("发现账本作假时证据写在哪里；缺省为状态文件旁的 evidence.json"))
        .mut_arg("once", |arg| arg.help("只看一次就退出，供 cron 使用"))
}

fn with_subject_file(command: Command) -> Command {
    with_policy(command)
        .mut_arg("file", |arg| arg.help("案卷或缺失证明（.dossier.json）；- 表示标准输入"))
        .mut_arg("project", |arg| arg.help("应当是哪个项目，写法不拘"))
        .mut_arg("max_age", |arg| arg.help("账本头早于此即不予认可：90s、30m、12h、7d、2w；不写则早于 7d 时提示陈旧"))
        .mut_arg("audited", |arg| arg.help("你自己审计留下的状态，由它为完整性作证"))
}

fn with_policy(command: Command) -> Command {
    command.mut_arg("policy", |arg| arg.help("信任策略：谁的话算数"))
}
