// Mends what the theme leaves without a name or out of reach, for people who listen to a page or have no mouse.
(() => {
    document.querySelectorAll("label.md-overlay").forEach((label) => label.removeAttribute("aria-label"));
    document.querySelectorAll("label.md-header__button[aria-label]").forEach((label) => label.setAttribute("role", "button"));

    // Tables that are wider than the window scroll by themselves, with the keys as well.
    const reach = () => document.querySelectorAll(".md-typeset__scrollwrap").forEach((wrap) => wrap.setAttribute("tabindex", "0"));
    new MutationObserver(reach).observe(document.querySelector(".md-content"), { childList: true, subtree: true });
    reach();

    function nameParts(root) {
        const list = root.querySelector("ol");
        if (list) list.id = "search-results";
        root.querySelectorAll("input[role=combobox]").forEach((input) => {
            input.setAttribute("aria-label", "Search");
            input.setAttribute("aria-controls", "search-results");
            input.setAttribute("aria-expanded", "true");
        });
        root.querySelectorAll("button:not([aria-label])").forEach((button, at) =>
            button.setAttribute("aria-label", at ? "Filter the results" : "Search"));
        root.querySelectorAll("h3").forEach((heading) => heading.parentElement.parentElement.setAttribute("tabindex", "0"));
    }

    const seen = new WeakSet();
    new MutationObserver(() => {
        for (const { shadowRoot } of document.body.children) {
            if (!shadowRoot || seen.has(shadowRoot)) continue;
            seen.add(shadowRoot);
            nameParts(shadowRoot);
            new MutationObserver(() => nameParts(shadowRoot)).observe(shadowRoot, { childList: true, subtree: true });
        }
    }).observe(document.body, { childList: true });
})();
