//! What an operator may replace: templates, texts, the name, the logo, the colour. What is wrong there keeps a server from starting.

use std::path::Path;

use countersign::config::{Colour, Config, Sources};
use countersign::pages::{Pages, contrast};
use tempfile::TempDir;

use crate::harness::{Backend, stories};

stories![a_logo_from_the_folder_is_served_and_allowed, a_logo_from_elsewhere_is_allowed_and_nothing_beside_it];

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn pages_of(folder: &Path) -> Result<Pages, String> {
    let mut config = Config::default();
    config.pages.templates = Some(folder.to_owned());
    Pages::open(&config).map_err(|error| error.to_string())
}

fn set(variables: &[(&str, &str)]) -> Result<Config, String> {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { environment, ..Sources::default() }).map_err(|faults| faults.to_string())
}

#[test]
fn templates_and_texts_are_replaced_one_by_one() {
    let told = "{% extends \"layout.html\" %}{% block title %}{{ heading }}{% endblock %}{% block content %}<p>Ours: {{ about }}</p>{% endblock %}";
    let german = "[sign_in]\ntitle = \"Herein\"\n[scopes]\norders = \"Ihre Bestellungen sehen\"\n";
    let folder =
        folder(&[("told.html", told), ("de.toml", german), ("style.css", "h1 { color: teal; }"), ("notes.md", "")]);
    let pages = pages_of(folder.path()).expect("they are good");
    let values = minijinja_values();
    let html = pages.render(&Config::default().issuer, pages.words(None, None), "told.html", values).expect("a page");
    assert!(html.contains("<p>Ours: &lt;b&gt;</p>") && html.contains("<style>h1 { color: teal; }</style>"), "{html}");
    let german = pages.words(Some("de"), None);
    assert_eq!(german.text("sign_in.title"), Some("Herein"));
    assert_eq!(german.text("sign_in.password"), Some("Passwort"), "all the rest is as it was");
    let english = pages.words(Some("en"), None);
    assert_eq!(german.scope("orders", "See your orders", english), "Ihre Bestellungen sehen");
    assert_eq!(english.scope("orders", "See your orders", english), "See your orders");
}

fn minijinja_values() -> minijinja::Value {
    let values =
        serde_json::json!({"heading": "X", "about": "<b>", "is_dead_link": false, "detail": null, "request_id": null});
    minijinja::Value::from(minijinja::value::Serde(values))
}

#[test]
fn another_language_is_one_more_file() {
    let english = crate::tidy::read("src/pages/words/en.toml");
    let folder = folder(&[("fr.toml", &english.replace("title = \"Sign in\"", "title = \"Connexion\""))]);
    let pages = pages_of(folder.path()).expect("it is whole");
    let words = pages.words(Some("fr-CA"), None);
    assert_eq!((words.language(), words.text("sign_in.title")), ("fr", Some("Connexion")));
}

#[test]
fn what_is_wrong_in_the_folder_is_known_at_the_start() {
    for (name, text, about) in [
        ("told.html", "{% if %}", "told.html"),
        ("told.html", "{{ nobody_gives_this }}", "told.html"),
        ("told.html", "{{ t(\"no.such.text\") }}", "no.such.text"),
        ("sign_in.html", "{{ t(\"sign_in.to_client\") }}", "sign_in.to_client wants {client}"),
        ("singin.html", "", "singin.html is no template"),
        ("style.css", "</style><script>", "style.css must not have"),
        ("de.toml", "[sign_in]\ntitel = \"Anmelden\"", "there is no text sign_in.titel"),
        ("de.toml", "[sign_in]\nto_client = \"Weiter\"", "sign_in.to_client must have these places"),
        ("de.toml", "[sign_in]\ntitle = \"**Anmelden\"", "** that nothing ends"),
        ("de.toml", "[sign_in", "de.toml"),
        ("de.toml", "title = \"x\"", "title is no section"),
        ("fr.toml", "[sign_in]\ntitle = \"Connexion\"", "fr.toml: the text"),
        ("francais.toml", "", "not called by a language"),
    ] {
        let folder = folder(&[(name, text)]);
        let fault = pages_of(folder.path()).err().unwrap_or_else(|| panic!("{name}: {text}"));
        assert!(fault.starts_with("pages: ") && fault.contains(about), "{name}: {fault}");
    }
    assert!(pages_of(Path::new("/nowhere/at/all")).is_err());
}

#[test]
fn settings_of_the_look_are_checked() {
    for (name, value, about) in [
        ("ACCENT", "red", "pages.accent"),
        ("ACCENT", "#12345g", "its digits are"),
        ("LOGO", "http://a.example/x.png", "pages.logo"),
        ("LOGO", "https://a.example/x.png;script-src", "content security policy"),
        ("LOGO", "../secret.png", "pages.logo"),
        ("LOGO", "logo.exe", "does not end as a picture does"),
        ("LOGO", "logo.png", "needs pages.templates"),
        ("NAME", " ", "pages.name"),
    ] {
        let variable = format!("COUNTERSIGN_PAGES__{name}");
        let fault = set(&[(variable.as_str(), value)]).err().unwrap_or_else(|| panic!("{name}={value}"));
        assert!(fault.contains(about), "{name}={value}: {fault}");
    }
    let name = set(&[("COUNTERSIGN_PAGES__NAME", "Example ID"), ("SMTP_SENDER_EMAIL", "Letters <id@example.com>")]);
    assert_eq!(name.expect("it is good").service_name(), "Example ID");
    let name = set(&[("SMTP_SENDER_EMAIL", "Letters <id@example.com>")]).expect("it is good").service_name();
    assert_eq!((name.as_str(), Config::default().service_name().as_str()), ("Letters", "localhost"));
}

/// The last value of a variable of the style sheet, before or within its dark part.
fn variable(style: &str, name: &str) -> Colour {
    let at = style.rfind(&format!("{name}: ")).unwrap_or_else(|| panic!("{name}: {style}"));
    style[at + name.len() + 2..][..7].parse().expect("a colour")
}

#[test]
fn whatever_the_colour_everybody_can_read_what_stands_on_it() {
    let (white, black) = (Colour([255; 3]), Colour([0; 3]));
    assert!((contrast(white, black) - 21.0).abs() < 0.001);
    let grey: Colour = "#767676".parse().expect("a colour");
    assert!((contrast(white, grey) - 4.54).abs() < 0.01, "as others compute it");
    for accent in ["#000000", "#ffffff", "#ffee00", "#777777", "#1f4fd8", "#00ff88", "#ff0000", "#0b1020", "#e91e63"] {
        let config = set(&[("COUNTERSIGN_PAGES__ACCENT", accent)]).expect("it is good");
        let pages = Pages::open(&config).expect("the pages");
        let (light, dark) = pages.look().style.rsplit_once("@media").expect("two parts");
        for (style, grounds) in [(light, ["#ffffff", "#f3f4f6"]), (dark, ["#1d2229", "#14171c"])] {
            let (act, down, on) =
                (variable(style, "--act"), variable(style, "--act-down"), variable(style, "--on-act"));
            assert_eq!(act.to_string(), accent);
            assert!(contrast(act, on) >= 4.5 && contrast(down, on) >= 4.5, "{accent}: {style}");
            for ground in grounds {
                let link = variable(style, "--link");
                assert!(contrast(link, ground.parse().expect("a colour")) >= 4.5, "{accent} on {ground}: {link}");
            }
        }
    }
}

async fn a_logo_from_the_folder_is_served_and_allowed(backend: Backend) {
    const PICTURE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let folder = folder(&[("ours.svg", PICTURE)]);
    let path = folder.path().to_owned();
    let world = backend
        .world_with(|config| {
            config.issuer = "http://localhost:8080/tenant".parse().expect("an issuer");
            config.pages.templates = Some(path);
            config.pages.logo = Some("ours.svg".parse().expect("a logo"));
        })
        .await;
    let page = world.get("/tenant/forgot-password").await;
    let url = format!("{}/pages/logo", world.issuer());
    let policy = page.header("content-security-policy");
    assert!(policy.contains(&format!("; img-src {url};")) && !policy.contains("script-src"), "{policy}");
    assert!(page.body.replace("&#x2f;", "/").contains(&format!("src=\"{url}\" alt=\"\"")), "{page:?}");
    let logo = world.get("/tenant/pages/logo").await;
    assert_eq!((logo.status, logo.header("content-type"), logo.body.as_str()), (200, "image/svg+xml", PICTURE));
    let policy = logo.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && policy.ends_with("sandbox"), "no script of it runs: {policy}");
    assert_eq!(backend.world().await.get("/pages/logo").await.status, 404);
}

async fn a_logo_from_elsewhere_is_allowed_and_nothing_beside_it(backend: Backend) {
    let world = backend
        .world_with(|config| {
            config.pages.logo = Some("https://cdn.example/logo.png?v=2".parse().expect("a logo"));
            config.pages.name = Some("Bits & <Bobs>".to_owned());
        })
        .await;
    let page = world.get("/forgot-password").await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("; img-src https://cdn.example/logo.png; form-action"), "{policy}");
    assert!(page.body.contains("Bits &amp; &lt;Bobs&gt;") && !page.body.contains("<Bobs"), "{page:?}");
    assert!(page.body.replace("&#x2f;", "/").contains("src=\"https://cdn.example/logo.png?v=2\""), "{page:?}");
}
