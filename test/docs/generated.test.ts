import assert from "node:assert/strict";
import { test } from "node:test";
import { withSection } from "../../docs/generate/section.ts";
import { compared, MADE } from "../../docs/generate.ts";

for (const made of MADE) {
  test(`${made.section ? `${made.path} (${made.section})` : made.path} is what the code makes of it`, async () => {
    const { now, should } = await compared(made);
    assert.equal(now, should, "run `npm run docs` and commit what it wrote");
  });
}

test("a section without its marks, or with doubled ones, is refused", () => {
  const marked = "a\n<!-- made: x -->\nold\n<!-- end: x -->\nb";
  assert.equal(withSection(marked, "x", "new\n"), "a\n<!-- made: x -->\nnew\n<!-- end: x -->\nb");
  for (const text of ["", "<!-- made: x -->", marked + marked, `${marked}<!-- end: x -->`]) {
    assert.throws(() => withSection(text, "x", "new"), /needs the marks/);
  }
});
