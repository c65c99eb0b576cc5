//! Names of districts. A notice gives only six digits of GB/T 2260; the provinces, the cities of Hubei and the districts of Wuhan
//! have names here, others that of their province and their digits.

use alloc::borrow::ToOwned as _;
use alloc::format;

use crate::lifecycle::rulebook::Text;

#[rustfmt::skip]
const PROVINCES: &[(&str, &str, &str)] = &[
    ("11", "北京市", "Beijing"), ("12", "天津市", "Tianjin"), ("13", "河北省", "Hebei"), ("14", "山西省", "Shanxi"),
    ("15", "内蒙古自治区", "Inner Mongolia"), ("21", "辽宁省", "Liaoning"), ("22", "吉林省", "Jilin"), ("23", "黑龙江省", "Heilongjiang"),
    ("31", "上海市", "Shanghai"), ("32", "江苏省", "Jiangsu"), ("33", "浙江省", "Zhejiang"), ("34", "安徽省", "Anhui"),
    ("35", "福建省", "Fujian"), ("36", "江西省", "Jiangxi"), ("37", "山东省", "Shandong"), ("41", "河南省", "Henan"),
    ("42", "湖北省", "Hubei"), ("43", "湖南省", "Hunan"), ("44", "广东省", "Guangdong"), ("45", "广西壮族自治区", "Guangxi"),
    ("46", "海南省", "Hainan"), ("50", "重庆市", "Chongqing"), ("51", "四川省", "Sichuan"), ("52", "贵州省", "Guizhou"),
    ("53", "云南省", "Yunnan"), ("54", "西藏自治区", "Tibet"), ("61", "陕西省", "Shaanxi"), ("62", "甘肃省", "Gansu"),
    ("63", "青海省", "Qinghai"), ("64", "宁夏回族自治区", "Ningxia"), ("65", "新疆维吾尔自治区", "Xinjiang"),
    ("71", "台湾省", "Taiwan"), ("81", "香港特别行政区", "Hong Kong"), ("82", "澳门特别行政区", "Macao"),
];

#[rustfmt::skip]
const PLACES: &[(&str, &str, &str)] = &[
    ("420100", "武汉市", "Wuhan"), ("420102", "江岸区", "Jiang'an"), ("420103", "江汉区", "Jianghan"), ("420104", "硚口区", "Qiaokou"),
    ("420105", "汉阳区", "Hanyang"), ("420106", "武昌区", "Wuchang"), ("420107", "青山区", "Qingshan"), ("420111", "洪山区", "Hongshan"),
    ("420112", "东西湖区", "Dongxihu"), ("420113", "汉南区", "Hannan"), ("420114", "蔡甸区", "Caidian"), ("420115", "江夏区", "Jiangxia"),
    ("420116", "黄陂区", "Huangpi"), ("420117", "新洲区", "Xinzhou"), ("420200", "黄石市", "Huangshi"), ("420300", "十堰市", "Shiyan"),
    ("420500", "宜昌市", "Yichang"), ("420600", "襄阳市", "Xiangyang"), ("420700", "鄂州市", "Ezhou"), ("420800", "荆门市", "Jingmen"),
    ("420900", "孝感市", "Xiaogan"), ("421000", "荆州市", "Jingzhou"), ("421100", "黄冈市", "Huanggang"), ("421200", "咸宁市", "Xianning"),
    ("421300", "随州市", "Suizhou"), ("422800", "恩施州", "Enshi"),
];

/// The name of a district; of one without a code, that it is not given.
pub fn place(code: Option<&str>) -> Text {
    let Some(code) = code else { return text("未注明", "not given") };
    let (zh, en) = match PLACES.iter().find(|(known, ..)| *known == code) {
        Some((_, zh, en)) if code.starts_with("4201") && code != "420100" => {
            return text(&format!("武汉市{zh}"), &format!("{en}, Wuhan"));
        }
        Some((_, zh, en)) => (zh, en),
        None => match PROVINCES.iter().find(|(known, ..)| code.starts_with(known)) {
            Some((_, zh, en)) if code.ends_with("0000") => (zh, en),
            Some((_, zh, en)) => return text(&format!("{zh} {code}"), &format!("{en} {code}")),
            None => return text(code, code),
        },
    };
    text(zh, en)
}

fn text(zh: &str, en: &str) -> Text {
    Text { zh: zh.to_owned(), en: en.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn districts_have_names() {
        assert_eq!(place(Some("420106")).zh, "武汉市武昌区");
        assert_eq!(place(Some("420100")).en, "Wuhan");
        assert_eq!(place(Some("330000")).zh, "浙江省");
        assert_eq!(place(Some("130626")).zh, "河北省 130626");
        assert_eq!(place(Some("999999")).zh, "999999");
        assert_eq!(place(None).en, "not given");
    }
}
