// Returns the texts whose contrast with their background is below 4.5 (WCAG 2.1, 1.4.3), each style once.
(() => {
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = ([red, green, blue]) => {
    const linear = [red, green, blue].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) {
        return color;
      }
    }
    return [255, 255, 255];
  };
  const faint = new Map();
  for (const element of document.querySelectorAll("body *")) {
    const says = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
    if (!says || ["SCRIPT", "STYLE"].includes(element.tagName) || !element.checkVisibility()) {
      continue;
    }
    const [one, other] = [luminance(channels(getComputedStyle(element).color)), luminance(background(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) {
      faint.set(`${element.tagName}.${element.className} in ${element.parentElement.className}: ${contrast.toFixed(2)}`, 1);
    }
  }
  return [...faint.keys()];
})()
