//! Whether JavaScript runs in browsers, where whatever it reads is shipped to everybody. Owns: what tells browser code from a server's. Must not:
//! look at the place of a value.

use bstr::ByteSlice as _;
use serde_json::Value;

use crate::rewrite::literal::manual;
use crate::rewrite::{Manual, Source, Tree};

/// Folders of files that are served as they are.
const SERVED: [&str; 6] = ["public/", "static/", "assets/", "www/", "wwwroot/", "dist/"];
/// What only browsers have, or bundles that are made for them.
const IN_BROWSERS: [&str; 8] = [
    "document.getElementById",
    "document.querySelector",
    "window.",
    "localStorage",
    "import.meta.env",
    "'use client'",
    "\"use client\"",
    "createRoot(",
];
/// Modules of pages, by the start of their name.
const OF_PAGES: [&str; 13] = [
    "react-dom",
    "react-router",
    "react-native",
    "@angular/",
    "vue",
    "vue-router",
    "svelte",
    "preact",
    "solid-js",
    "jquery",
    "@ionic/",
    "expo",
    "lit",
];
/// Modules of servers and of Node.
const OF_SERVERS: [&str; 34] = [
    "express",
    "fastify",
    "koa",
    "@hapi/hapi",
    "hapi",
    "@nestjs/core",
    "@nestjs/common",
    "hono",
    "next",
    "nuxt",
    "@remix-run/node",
    "@sveltejs/kit",
    "@angular/ssr",
    "astro",
    "@apollo/server",
    "apollo-server",
    "server-only",
    "react-dom/server",
    "fs",
    "net",
    "http",
    "https",
    "os",
    "path",
    "child_process",
    "dotenv",
    "pg",
    "mysql",
    "mysql2",
    "mongodb",
    "mongoose",
    "redis",
    "ioredis",
    "nodemailer",
];
/// Of these a file of a page and one of the server are told by other signs.
const OF_BOTH: [&str; 4] = ["next", "nuxt", "astro", "@sveltejs/kit"];

/// Refuses what runs in browsers.
pub(super) fn on_server(source: Source<'_>, text: &str, tree: &dyn Tree) -> Result<(), Manual> {
    let in_folder =
        SERVED.iter().any(|folder| source.path.starts_with(folder.as_bytes()) || source.path.contains_str(format!("/{folder}")));
    if in_folder || IN_BROWSERS.iter().any(|word| text.contains(word)) {
        return shipped();
    }
    if text.contains("Deno.") || text.contains("from \"jsr:") {
        return Err(manual("the file runs in Deno", "read it with Deno.env.get and throw where it is undefined"));
    }
    if is_of_server(source, text) {
        return Ok(());
    }
    let is_markup = source.path.ends_with(b".jsx") || source.path.ends_with(b".tsx");
    if is_markup || imported(text).any(is_of_page) || text.contains("@Component(") || is_in_page_package(source, tree) {
        return shipped();
    }
    Ok(())
}

fn shipped() -> Result<(), Manual> {
    Err(manual(
        "the file runs in browsers: whatever it reads is shipped to everybody",
        "let a server make the call, and keep the value there",
    ))
}

/// Whether the file says that a server runs it: by its name, a directive, or what it imports.
fn is_of_server(source: Source<'_>, text: &str) -> bool {
    let path = source.path.to_str_lossy().to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let folders = ["pages/api/", "app/api/", "server/", "functions/", "lambda/", "netlify/", "scripts/"];
    let in_folder = folders.iter().any(|folder| path.starts_with(folder) || path.contains(&format!("/{folder}")));
    let is_named =
        [".server.", ".config."].iter().any(|part| name.contains(part)) || name.starts_with("+server.") || name.starts_with("route.");
    in_folder
        || is_named
        || text.starts_with("#!")
        || text.contains("\"use server\"")
        || text.contains("'use server'")
        || imported(text).any(|module| {
            module.starts_with("node:") || OF_SERVERS.contains(&module) && !OF_BOTH.contains(&module) || module == "next/server"
        })
}

fn is_of_page(module: &str) -> bool {
    let is = |known: &str| module == known || known.ends_with('/') && module.starts_with(known) || module.starts_with(&format!("{known}/"));
    module != "react-dom/server" && OF_PAGES.into_iter().any(is)
}

/// The modules that a file imports: what stands in quotes after `from`, `import` and `require(`.
fn imported(text: &str) -> impl Iterator<Item = &str> {
    ["from", "import", "require("]
        .into_iter()
        .flat_map(move |word| text.match_indices(word).filter_map(move |(at, _)| quoted(&text[at + word.len()..])))
}

fn quoted(rest: &str) -> Option<&str> {
    let rest = rest.trim_start_matches([' ', '(']);
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split_once(quote).map(|(module, _)| module).filter(|module| !module.contains('\n'))
}

/// Whether the nearest `package.json` has modules of pages, and no server.
fn is_in_page_package(source: Source<'_>, tree: &dyn Tree) -> bool {
    let path = source.path.to_str_lossy();
    let manifest = path
        .match_indices('/')
        .map(|(at, _)| &path[..=at])
        .rev()
        .chain([""])
        .find_map(|folder| tree.read(format!("{folder}package.json").as_str().into()));
    let Some(manifest) = manifest.and_then(|text| serde_json::from_slice::<Value>(&text).ok()) else { return false };
    let of = |table: &str| manifest[table].as_object().into_iter().flat_map(serde_json::Map::keys).cloned().collect::<Vec<_>>();
    let modules = [of("dependencies"), of("devDependencies")].concat();
    modules.iter().any(|module| is_of_page(module)) && !modules.iter().any(|module| OF_SERVERS.contains(&module.as_str()))
}

#[cfg(test)]
mod tests {
    use bstr::{BStr, BString};

    use super::*;

    /// A tree with this manifest.
    struct Manifest(&'static str);

    impl Tree for Manifest {
        fn read(&self, path: &BStr) -> Option<Vec<u8>> {
            (path == "web/package.json" && !self.0.is_empty()).then(|| self.0.as_bytes().to_vec())
        }

        fn named(&self, _: &[&str]) -> Vec<BString> {
            Vec::new()
        }
    }

    #[test]
    fn pages_are_told_from_servers() {
        let react = "{\"dependencies\": {\"react\": \"19\", \"react-dom\": \"19\"}, \"devDependencies\": {\"vite\": \"7\"}}";
        let next = "{\"dependencies\": {\"next\": \"16\", \"react-dom\": \"19\"}}";
        let express = "{\"dependencies\": {\"express\": \"5\", \"vue\": \"3\"}}";
        let shipped = "the file runs in browsers: whatever it reads is shipped to everybody";
        for (path, text, manifest, refused) in [
            ("web/src/App.jsx", "export const App = () => <p/>;", "", true),
            ("web/src/Pay.tsx", "import React from 'react';", next, true),
            ("web/src/app.component.ts", "import { Component } from '@angular/core';", "", true),
            ("web/src/main.ts", "import { createApp } from \"vue\";", express, true),
            ("web/src/store.js", "import { writable } from 'svelte/store'", "", true),
            ("web/src/api.ts", "export const key = 1;", react, true),
            ("web/src/vite.ts", "const x = import.meta.env.MODE", "", true),
            ("web/src/api.ts", "export const key = 1;", express, false),
            ("web/src/api.ts", "export const key = 1;", next, false),
            ("web/src/api.ts", "export const key = 1;", "", false),
            ("web/src/db.ts", "import { Client } from 'pg'", react, false),
            ("web/pages/api/pay.ts", "export default () => 1;", react, false),
            ("web/app/api/pay/route.tsx", "export const GET = () => 1;", next, false),
            ("web/app/actions.tsx", "'use server'\nexport const x = 1;", next, false),
            ("web/src/server.js", "const express = require('express')\nimport './vue-like'", react, false),
            ("web/src/mail.jsx", "import { renderToString } from 'react-dom/server'", react, false),
        ] {
            let source = Source { path: path.into(), bytes: text.as_bytes() };
            let said = on_server(source, text, &Manifest(manifest)).map_err(|manual| manual.reason);
            assert_eq!(said, if refused { Err(shipped.to_owned()) } else { Ok(()) }, "{path} {text}");
        }
    }
}
