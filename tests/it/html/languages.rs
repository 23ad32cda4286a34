//! Every page speaks every language, and nobody is spoken to in two.

use std::collections::{BTreeMap, BTreeSet};

use countersign::accounts::{names, policy};
use countersign::config::{Config, Passwords};
use countersign::pages::Pages;
use countersign::protocol::languages::chosen;
use countersign::secret::Plain;

use crate::authorize::request;
use crate::harness::{Arrived, Backend, Browser, stories};
use crate::tidy::{files, none, read};

stories![
    a_page_speaks_the_language_that_the_request_asks_for,
    what_is_wrong_is_said_in_the_language_of_the_page,
    what_an_operator_says_of_a_scope_is_shown_to_everybody,
    a_language_stays_from_page_to_page_of_an_account,
];

#[test]
fn the_best_language_is_chosen() {
    let known = ["en", "de", "fr"];
    for (ui_locales, accept, expected) in [
        (None, None, "en"),
        (Some("de"), Some("fr"), "de"),
        (Some("it de-AT fr"), None, "de"),
        (Some("it"), Some("DE-ch, en;q=0.9"), "de"),
        (Some(""), Some(""), "en"),
        (None, Some("it, fr;q=0.5, de;q=0.7"), "de"),
        (None, Some("en;q=0.5,de ; q=0.50 ,fr;q=0.499"), "en"),
        (None, Some("de;q=0.5,en;q=0.5"), "de"),
        (None, Some("de;q=0, *;q=0.1"), "en"),
        (None, Some("en;q=0, de;q=0"), "en"),
        (None, Some("en;q=0, *"), "de"),
        (None, Some("de;q=1.5, fr;q=x, *;q=0"), "en"),
        (None, Some("de-DE-1996;q=1.000,fr;q=0.999"), "de"),
        (None, Some("deu"), "en"),
    ] {
        assert_eq!(chosen(&known, ui_locales, accept), Some(expected), "{ui_locales:?} {accept:?}");
    }
    let endless = "it,".repeat(10_000) + "de";
    assert_eq!(chosen(&known, None, Some(&endless)), Some("en"));
}

fn catalogue(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let table: toml::Table = read(&format!("src/pages/words/{language}.toml")).parse().expect("TOML");
    let mut texts = BTreeMap::new();
    for (section, entries) in &table {
        for (name, text) in entries.as_table().expect("a section") {
            let text = text.as_str().expect("a text");
            assert!(!text.trim().is_empty(), "{section}.{name} says nothing");
            let places = text.split('{').skip(1).map(|rest| rest.split('}').next().expect("its end").to_owned());
            texts.insert(format!("{section}.{name}"), places.collect());
        }
    }
    texts
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_places() {
    let (english, german) = (catalogue("en"), catalogue("de"));
    assert!(english.len() > 80, "{}", english.len());
    assert_eq!(english, german);
    let said = |language: &str| read(&format!("src/pages/words/{language}.toml"));
    let (english, german) = (said("en"), said("de"));
    let same: Vec<&str> =
        english.lines().filter(|line| line.contains(" = ") && german.lines().any(|other| other == *line)).collect();
    // A pattern of numbers and names has no language.
    assert!(same.iter().all(|line| line.contains('{') || line.starts_with("name = ")), "not translated: {same:?}");
}

/// What is left of a template without its tags, its expressions and its markup.
fn bare(template: &str) -> String {
    let mut text = template.to_owned();
    for (start, end) in [("{#", "#}"), ("{%", "%}"), ("{{", "}}")] {
        while let Some(at) = text.find(start) {
            let length = text[at..].find(end).expect("its end") + end.len();
            text.replace_range(at..at + length, "");
        }
    }
    for spoken in ["alt=\"", "title=\"", "placeholder=\"", "aria-label=\""] {
        let said = text.split(spoken).skip(1).map(|rest| rest.split('"').next().expect("its end").to_owned());
        let said: String = said.collect();
        text.push_str(&said);
    }
    while let Some(at) = text.find('<') {
        let length = text[at..].find('>').expect("its end") + 1;
        text.replace_range(at..at + length, " ");
    }
    text
}

#[test]
fn no_template_has_words_of_its_own() {
    let with_words = |file: &crate::tidy::File| bare(&file.text).chars().any(char::is_alphabetic);
    let templates = files("src/pages/templates", ".html");
    let faults: Vec<String> = templates.iter().filter(|file| with_words(file)).map(|file| file.path.clone()).collect();
    none("templates with words that have no translation", &faults);
    assert_eq!(
        bare("<p class=\"x\">{{ t(\"a\") }} · {% if x %}</p>{# y #}<img alt=\"Z\">").trim().replace(' ', ""),
        "·Z"
    );
}

#[test]
fn every_text_is_said_somewhere_and_every_one_that_is_said_is_there() {
    let sources: String = ["src/pages/templates", "src/http/html"]
        .into_iter()
        .flat_map(|folder| files(folder, ""))
        .map(|file| file.text)
        .collect();
    let texts = catalogue("en");
    let found_by_name = ["refused.", "faults.", "scopes."];
    let faults: Vec<String> = texts
        .keys()
        .filter(|key| !found_by_name.iter().any(|start| key.starts_with(start)))
        .filter(|key| !sources.contains(&format!("\"{key}\"")))
        .cloned()
        .collect();
    none("texts that nobody says", &faults);
    let said = sources.split("t(\"").skip(1).map(|rest| rest.split('"').next().expect("its end"));
    let faults: Vec<String> =
        said.filter(|key| key.contains('.') && !texts.contains_key(*key)).map(str::to_owned).collect();
    none("texts that are not there", &faults);
}

#[test]
fn there_are_words_for_all_that_can_be_wrong_with_a_field() {
    let pages = Pages::open(&Config::default()).expect("the pages");
    let strict = Passwords { classes: 4, min_length: 12, max_length: 64, ..Passwords::default() };
    let mut details: Vec<String> = Vec::new();
    for name in ["", "ann lee", "-ann", &"a".repeat(65)] {
        details.extend(names::check_username(name).err().map(str::to_owned));
    }
    details.extend(names::check_email("ann").err().map(str::to_owned));
    for name in [" ", "a\u{7}b"] {
        details.extend(names::check_name(name).err().map(str::to_owned));
    }
    for (settings, password, own) in
        [(&strict, "a", "ann"), (&strict, &"a".repeat(70), "ann"), (&Passwords::default(), "password1", "password")]
    {
        let faults = policy::check(settings, &Plain::presented(password.to_owned()), &[own]).expect_err("it is bad");
        details.extend(faults.into_iter().map(String::from));
    }
    assert!(details.len() >= 12, "{details:?}");
    for words in pages.languages() {
        let untold: Vec<String> = details.iter().filter(|detail| words.fault(detail).is_none()).cloned().collect();
        none(words.language(), &untold);
    }
    let german = pages.words(Some("de"), None);
    let fault = german.fault("A password has at least 12 bytes.");
    assert_eq!(fault.as_deref(), Some("Ein Passwort hat mindestens 12 Bytes."));
    assert_eq!(german.fault("must have 1 to 64 characters").as_deref(), Some("Das muss 1 bis 64 Zeichen haben."));
    assert_eq!(german.fault("nobody says this"), None);
}

async fn a_page_speaks_the_language_that_the_request_asks_for(backend: Backend) {
    let (world, client, ann) = crate::authorize::shop(backend).await;
    let german = ["<html lang=\"de\">", "Benutzername oder E-Mail-Adresse", "Passwort vergessen?"];
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&client, &[("ui_locales", "fr-CA de-AT")])).await;
    for said in german {
        assert!(page.page().body.contains(said), "{said}: {page:?}");
    }
    assert_eq!(page.page().header("content-language"), "de");
    let again = browser.submits(&world, &page, &[("username", "ann"), ("password", "a wrong one")]).await;
    assert!(again.page().body.contains("Der Name oder das Passwort ist falsch."), "{again:?}");
    let consent = browser.signs_in(&world, &again, &ann).await;
    for said in ["Shop erlauben?", "<strong>Shop</strong> möchte:", "Ihre E-Mail-Adresse sehen", "Ablehnen"] {
        assert!(consent.page().body.contains(said), "the request takes its language along: {said}: {consent:?}");
    }
    assert!(!consent.page().body.contains("See your"), "{consent:?}");
    let path = request(&client, &[]).replace("/oauth2/authorize", "/login");
    for (header, language) in [("de-CH, en;q=0.8", "de"), ("it;q=0.9, en;q=0.1, de;q=0.5", "de"), ("it", "en")] {
        let page = world.get_with(&path, &[("accept-language", header)]).await;
        let (lang, title) =
            (format!("<html lang=\"{language}\">"), if language == "de" { "Anmelden" } else { "Sign in" });
        assert!(page.body.contains(&lang) && page.body.contains(&format!("<h1>{title}</h1>")), "{header}: {page:?}");
        assert_eq!(page.header("content-language"), language);
    }
}

async fn what_is_wrong_is_said_in_the_language_of_the_page(backend: Backend) {
    let world = backend.world().await;
    let german = [("accept-language", "de")];
    let page = world.get_with("/verify-email?token=x", &german).await;
    assert!(page.status == 400 && page.body.contains("Dieser Link gilt nicht mehr"), "{page:?}");
    assert!(page.body.contains("Ein neues Passwort mit einem neuen Brief wählen"), "{page:?}");
    let page = world.get_with("/oauth2/authorize?client_id=nobody&redirect_uri=https%3A%2F%2Fa.example", &german).await;
    assert!(page.status == 400 && page.body.contains("Die Anwendung ist hier nicht bekannt."), "{page:?}");
    let page = world.get_with("/oauth2/authorize", &german).await;
    assert!(page.body.contains("Für die Entwickler der Anwendung:"), "{page:?}");
    assert!(page.body.contains("<span lang=\"en\">"), "what is for developers is in one language: {page:?}");
    let form = world.request(reqwest::Method::POST, "/forgot-password").header("accept-language", "de");
    let page = world.send(form.form(&[("email", "x")])).await;
    assert!(page.status == 422 && page.body.contains("Das ist keine E-Mail-Adresse."), "{page:?}");
}

async fn what_an_operator_says_of_a_scope_is_shown_to_everybody(backend: Backend) {
    let (world, client, ann) = crate::authorize::shop(backend).await;
    world.execute("UPDATE scopes SET description = 'Read your letters' WHERE name = 'email'").await;
    let mut browser = Browser::default();
    let page = browser.opens(&world, &request(&client, &[("ui_locales", "de")])).await;
    let page = browser.signs_in(&world, &page, &ann).await;
    assert!(page.page().body.contains("<li>Read your letters</li>"), "{page:?}");
    assert!(page.page().body.contains("<li>Sie anmelden</li>"), "{page:?}");
}

async fn a_language_stays_from_page_to_page_of_an_account(backend: Backend) {
    let world = backend.world().await;
    let ann = world.user("ann").await;
    let wish = "?ui_locales=fr-CA+de";
    let is_german = |page: &Arrived, at: &str| {
        let Arrived::Page { at: where_it_is, answer } = page else { panic!("a page: {page:?}") };
        assert!(answer.body.contains("<html lang=\"de\">"), "{page:?}");
        assert_eq!(where_it_is, at, "{page:?}");
    };
    let mut browser = Browser::default();
    // From the question who it is to the account, and along its pages.
    let page = browser.opens(&world, &format!("/account/email{wish}")).await;
    is_german(&page, &format!("/login{wish}"));
    let page = browser.signs_in(&world, &page, &ann).await;
    is_german(&page, &format!("/account{wish}"));
    for path in
        ["/account", "/account/email", "/account/password", "/account/sessions", "/account/apps", "/account/close"]
    {
        let plain = page.page().body.replace("&#x2f;", "/");
        assert!(plain.contains(&format!("href=\"{path}{wish}\"")), "{path}: {plain}");
        is_german(&browser.opens(&world, &format!("{path}{wish}")).await, &format!("{path}{wish}"));
    }
    // What was done is said in it, and what is wrong.
    let action = format!("/account{wish}");
    let done = browser.submits_to(&world, &page, &action, &[("username", "ann"), ("name", "Ann")]).await;
    is_german(&done, "/account?done=profile&ui_locales=fr-CA+de");
    assert!(done.page().body.contains("role=\"status\""), "{done:?}");
    let wrong = browser.submits_to(&world, &done, &action, &[("username", "")]).await;
    assert!(wrong.page().status == 422, "{wrong:?}");
    is_german(&wrong, &action);
    // Nothing else of a query goes along, and a language is no more than text.
    let odd = browser.opens(&world, "/account?ui_locales=%22%3E%3Cb%3E%26x&done=profile&more=1").await;
    let body = odd.page().body.replace("&#x2f;", "/");
    assert!(
        body.contains("href=\"/account/email?ui_locales=%22%3E%3Cb%3E%26x\"") && !body.contains("more=1"),
        "{body}"
    );
    let left = browser.submits_to(&world, &done, &format!("/account/sign-out{wish}"), &[]).await;
    assert!(left.page().status == 200, "{left:?}");
    is_german(&left, &format!("/account/sign-out{wish}"));
}
