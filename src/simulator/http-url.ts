/** Whether it is a URL that something can be posted to: with a host, and by http or https. */
export function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}
