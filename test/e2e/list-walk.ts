// Walks a merged list page by page, over and over, and judges each page: what every server shows on it is that server's own page, or
// nothing. Two servers of fixtures/peers/pages.mjs give the same cursors. Knows no connection.

const PAGES = 3;
const PER_PAGE = 4;
const FIRST = ['work', 'ask', 'p2_0'];

interface Entry {
  readonly name: string;
  readonly description?: string;
}

export class ListWalk {
  readonly #paged: readonly string[];
  #cursor: string | undefined;
  #page = 0;
  #isAsked = false;
  /** Walks that have seen the last page. */
  wholes = 0;

  /** @param paged names of the servers that are `pages.mjs` under that name */
  constructor(paged: readonly string[]) {
    this.#paged = paged;
  }

  /** The params of the next page, as JSON; undefined while a page is awaited. */
  next(): string | undefined {
    if (this.#isAsked) return undefined;
    this.#isAsked = true;
    return this.#cursor === undefined ? '{}' : JSON.stringify({ cursor: this.#cursor });
  }

  /** @returns what is wrong with the page; `lost` where the guard says that the one server it was asked of is gone; undefined for nothing */
  take(line: string): string | undefined {
    this.#isAsked = false;
    const page = this.#page;
    // An answer of the guard under test.
    const { result } = JSON.parse(line) as { result?: { tools?: Entry[]; nextCursor?: string } };
    if (result?.tools === undefined) {
      this.#cursor = undefined;
      this.#page = 0;
      return page > 0 && line.includes(') before it answered;') ? 'lost' : `no list: ${line}`;
    }
    const { tools, nextCursor } = result;
    this.#cursor = nextCursor;
    this.#page = nextCursor === undefined ? 0 : page + 1;
    if (nextCursor === undefined && page === PAGES - 1) this.wholes += 1;
    return this.#fault(tools, page);
  }

  #fault(tools: readonly Entry[], page: number): string | undefined {
    const names = tools.map(({ name }) => name);
    if (new Set(names).size !== names.length) return `page ${page} names one twice: ${names.join(' ')}`;
    for (const server of this.#paged) {
      const own = tools.filter(({ name }) => name.startsWith(`${server}__`));
      if (own.some(({ description }) => description !== server))
        return `page ${page} of ${server} is of another server`;
      const shown = own.map(({ name }) => name.slice(server.length + 2)).join(' ');
      const whole = Array.from({ length: PER_PAGE }, (_, at) => (at === 0 ? FIRST[page] : `p${page}_${at}`)).join(' ');
      if (shown !== '' && shown !== whole) return `page ${page} of ${server} shows ${shown}`;
    }
    const others = names.filter((name) => !this.#paged.some((server) => name.startsWith(`${server}__`)));
    return page > 0 && others.length > 0 ? `page ${page} shows ${others.join(' ')} again` : undefined;
  }
}
