// Templates of HTML in which no value becomes HTML: somebody may have chosen it to be some.

class Html {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

/** html`<p>${value}</p>`: values are escaped, but for other such templates and lists of them; null is nothing. */
export function html(parts, ...values) {
  return new Html(parts.map((part, index) => part + render(values[index])).join(""));
}

function render(value) {
  if (value === undefined || value === null) return "";
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(render).join("");
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
