/** Whether it is a URL that something can be posted to: with a host, and by http or https. */
export function isHttpUrl(text: string): boolean {
  // Of `http:///x` a URL's parser makes a host of the path.
  return /^https?:\/\/[^/\\]/.test(text) && URL.canParse(text);
}
