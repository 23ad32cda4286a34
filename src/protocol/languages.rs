//! Which of the languages that there are somebody reads best (RFC 9110 §12.5.4, OpenID Connect Core §3.1.2.1 `ui_locales`). A
//! tag with a region stands for its language (RFC 4647 §3.4).

use std::cmp::Reverse;

/// Nobody reads more than that; the rest of a longer list is not looked at.
const MOST: usize = 32;
/// A weight of 1, in thousandths.
const WHOLE: u32 = 1_000;

/// Out of `known`, in which the first one is everybody's: by what a request asks for, then by what the browser says.
pub fn chosen<'l>(known: &[&'l str], ui_locales: Option<&str>, accept_language: Option<&str>) -> Option<&'l str> {
    let asked = ui_locales.and_then(|tags| by_order(known, tags));
    asked.or_else(|| accept_language.and_then(|header| by_weight(known, header))).or(known.first().copied())
}

/// Tags separated by spaces, the best first.
fn by_order<'l>(known: &[&'l str], tags: &str) -> Option<&'l str> {
    tags.split(' ').take(MOST).find_map(|tag| known.iter().copied().find(|known| stands_for(tag, known)))
}

fn by_weight<'l>(known: &[&'l str], header: &str) -> Option<&'l str> {
    let ranges: Vec<(&str, u32)> = header.split(',').take(MOST).filter_map(weighed).collect();
    let weight = |known: &str| {
        let named = ranges.iter().enumerate().filter(|(_, (range, _))| stands_for(range, known));
        let any = || ranges.iter().enumerate().find(|(_, (range, _))| *range == "*");
        let best = named.max_by_key(|(place, (_, weight))| (*weight, Reverse(*place))).or_else(any);
        best.filter(|(_, (_, weight))| *weight > 0).map(|(place, (_, weight))| (*weight, Reverse(place)))
    };
    let weighed = known.iter().enumerate().filter_map(|(place, known)| Some((weight(known)?, Reverse(place), *known)));
    weighed.max().map(|(_, _, known)| known)
}

fn stands_for(range: &str, known: &str) -> bool {
    let language = range.trim().split('-').next().unwrap_or_default();
    language.eq_ignore_ascii_case(known)
}

/// RFC 9110 §12.4.2: what has a weight that is none is left out.
fn weighed(element: &str) -> Option<(&str, u32)> {
    let (range, weight) = match element.split_once(';') {
        None => (element, WHOLE),
        Some((range, parameter)) => {
            let (name, value) = parameter.split_once('=')?;
            (range, if name.trim().eq_ignore_ascii_case("q") { thousandths(value.trim())? } else { WHOLE })
        }
    };
    Some((range.trim(), weight))
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = format!("{part:0<3}").parse::<u32>().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(WHOLE),
        _ => None,
    }
}
