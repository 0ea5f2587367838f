// Opens pages in headless Chromium at two widths; prints what went wrong as JSON: browse.js NODE_MODULES ORIGIN PATH...
const [modules, origin, ...paths] = process.argv.slice(2);
const { chromium } = require(`${modules}/playwright-core`);
const axe = require("fs").readFileSync(`${modules}/axe-core/axe.min.js`, "utf8");

async function look(page, path, dark) {
    const found = [];
    const say = (kind, what) => found.push(`${path} at ${page.viewportSize().width}${dark ? ", dark" : ""}: ${kind}: ${what}`);
    page.removeAllListeners();
    page.on("console", (message) => message.type() === "error" && say("console", message.text()));
    page.on("pageerror", (error) => say("script", error.message));
    page.on("request", (request) => new URL(request.url()).origin === origin || /^(data|blob):/.test(request.url()) ||
        say("request to elsewhere", request.url()));
    page.on("response", (response) => response.status() < 400 || say(`status ${response.status()}`, response.url()));
    await page.goto(origin + path, { waitUntil: "load" });
    await page.waitForTimeout(150);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) say("wider than the window by", wide);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run(document));
    for (const { id, impact, nodes } of violations)
        if (impact === "serious" || impact === "critical") say(`axe ${id}`, nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | "));
    return found;
}

/*
 * The links of the results, once `wanted` is one of them: on a busy machine the list first shows what the first letters
 * find, and a letter may be lost.
 */
async function search(page, word, wanted) {
    await page.goto(origin + "/", { waitUntil: "networkidle" });
    await page.keyboard.press("/");
    await page.waitForFunction(() => {
        let active = document.activeElement;
        while (active && active.shadowRoot && active.shadowRoot.activeElement) active = active.shadowRoot.activeElement;
        return active && active.matches("input");
    });
    await page.keyboard.type(word, { delay: 20 });
    const results = () => page.evaluate((mark) => {
        const links = (root) => [...root.querySelectorAll("*")].flatMap((node) => node.shadowRoot ? links(node.shadowRoot) : [])
            .concat([...root.querySelectorAll("a[href]")].map((link) => link.href));
        return links(document).filter((link) => link.includes(mark));
    }, "?h=" + word);
    let links = await results();
    for (let tries = 0; tries < 100 && !links.some((link) => link.includes(wanted)); tries++) {
        await page.waitForTimeout(100);
        links = await results();
    }
    return links;
}

(async () => {
    const browser = await chromium.launch({ executablePath: process.env.BROWSER, args: ["--no-sandbox", "--disable-gpu"] });
    const found = [];
    for (const [width, dark] of [[360, false], [1280, false], [1280, true]]) {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: dark ? "dark" : "light" });
        const page = await context.newPage();
        for (const path of paths) found.push(...await look(page, path, dark));
        await context.close();
    }
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    const wanted = "/commands/?h=rehearse#arc-ci-dry-run";
    let links = [];
    for (let tries = 0; tries < 3 && paths.includes("/") && !links.some((link) => link.includes(wanted)); tries++)
        links = await search(page, "rehearse", wanted);
    await browser.close();
    console.log(JSON.stringify({ found, links }));
})();
