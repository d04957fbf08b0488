"""Generates small deliberate mutations of a C++ source. Works on tokens, so that line breaks and indentation hardly matter; the
compiler rejects mutations that make no sense."""
import dataclasses
import re

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:[^\n\\]|\\.)*)
      | (?P<text>R"(?P<delimiter>[^(\s]*)\(.*?\)(?P=delimiter)"|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>\d(?:'?[0-9a-zA-Z_.])*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<sign><=>|<<=|>>=|->\*|\.\.\.|::|->|\+\+|--|<<|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE)

EDGES = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
SWAPPED = {"min": "max", "max": "min"}
STEPS = {"++": "--", "--": "++"}
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^="}
CLOSING = {"(": ")", "[": "]", "{": "}"}
NO_STATEMENT = {"return", "using", "static_assert", "case", "default", "goto", "throw", "delete", "namespace", "if",
                "while", "for", "do", "switch", "else", "break", "continue", "template", "typedef", "operator"}
DECLARATION = {"const", "auto", "constexpr", "static"}
RETURNED_BY_BRACES = {"", "{}", "false", "nullptr", "0", '""', "std::nullopt"}


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str
    text: str
    begin: int
    end: int


@dataclasses.dataclass(frozen=True)
class Change:
    kind: str
    begin: int  # offset of the first replaced character
    end: int
    new: str

    def apply(self, source):
        return source[:self.begin] + self.new + source[self.end:]

    def line(self, source):
        return source.count("\n", 0, self.begin) + 1

    def describe(self, source):
        return f"{one_line(source[self.begin:self.end])} -> {one_line(self.new)}"


def one_line(text):
    return " ".join(text.split())


def tokens_of(source):
    return [Token(match.lastgroup, match.group(), match.start(), match.end())
            for match in TOKEN.finditer(source) if match.group("skip") is None]


class Finder:
    """Finds all mutations of one source, in order."""

    def __init__(self, source):
        self.source = source
        self.tokens = tokens_of(source)
        self.partner = self._partners()

    def changes(self):
        found = []
        for index, token in enumerate(self.tokens):
            for find in (self._edge, self._min_max, self._step, self._number, self._operand, self._condition, self._returned,
                         self._statement):
                found += find(index, token)
        return sorted(set(found), key=lambda change: (change.begin, change.end, change.new))

    def _partners(self):
        """Maps each opening bracket to its closing one, and back."""
        partner, open_brackets = {}, []
        for index, token in enumerate(self.tokens):
            if token.text in CLOSING:
                open_brackets.append(index)
            elif token.text in CLOSING.values() and open_brackets:
                opened = open_brackets.pop()
                partner[opened], partner[index] = index, opened
        return partner

    def _text(self, index):
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def _between(self, first, last):
        """The source from the first token to the last, inclusive."""
        return self.source[self.tokens[first].begin:self.tokens[last].end]

    def _is_binary(self, index):
        """Excludes template brackets, references and overloaded operators: our formatter puts spaces only around binary operators."""
        token = self.tokens[index]
        return (self.source[token.begin - 1].isspace() and self.source[token.end].isspace()
                and self._text(index - 1) not in ("operator", "template", ",", "(", "{", ";"))

    def _edge(self, index, token):
        if token.text in EDGES and self._is_binary(index):
            yield Change("edge", token.begin, token.end, EDGES[token.text])

    def _min_max(self, index, token):
        if token.text in SWAPPED and self._text(index - 1) == "::" and self._text(index - 2) == "std":
            yield Change("min/max", token.begin, token.end, SWAPPED[token.text])

    def _step(self, index, token):
        if token.text in STEPS:
            yield Change("off by one", token.begin, token.end, STEPS[token.text])

    def _number(self, index, token):
        if token.kind == "number" and re.fullmatch(r"\d[\d']*[uUlLzZ]*", token.text) and self._text(index - 1) != "case":
            digits = re.match(r"[\d']+", token.text).group()
            for step in (1, -1):
                value = int(digits.replace("'", "")) + step
                if value >= 0:
                    yield Change("off by one", token.begin, token.end, f"{value}{token.text[len(digits):]}")

    def _operand(self, index, token):
        """`a && b` becomes `a` or `b`; the dropped operand still compiles, so that nothing becomes unused."""
        if token.text not in ("&&", "||") or not self._is_binary(index):
            return
        neutral = "true ||" if token.text == "&&" else "false &&"
        for first, last in (self._operand_before(index, token.text), self._operand_after(index, token.text)):
            if first <= last:
                text = self._between(first, last)
                yield Change("condition dropped", self.tokens[first].begin, self.tokens[last].end, f"({neutral} ({text}))")

    def _operand_before(self, index, operator):
        ends = {"(", "[", "{", ",", ";", "?", ":", "return", "||", "=", "case"} | ({"&&"} if operator == "&&" else set())
        at = index - 1
        while at >= 0 and self._text(at) not in ends:
            at = self.partner.get(at, at) - 1 if self._text(at) in CLOSING.values() else at - 1
        return at + 1, index - 1

    def _operand_after(self, index, operator):
        ends = {")", "]", "}", ",", ";", "?", ":", "||"} | ({"&&"} if operator == "&&" else set())
        at = index + 1
        while at < len(self.tokens) and self._text(at) not in ends:
            at = self.partner.get(at, at) + 1 if self._text(at) in CLOSING else at + 1
        return index + 1, at - 1

    def _condition(self, index, token):
        if token.text not in ("if", "while"):
            return
        opened = index + 2 if self._text(index + 1) == "constexpr" else index + 1
        if self._text(opened) != "(" or opened not in self.partner:
            return
        first, last = opened + 1, self.partner[opened] - 1
        first = max([first] + [at + 1 for at in range(first, last) if self._text(at) == ";"])
        words = [self._text(at) for at in range(first, last + 1)]
        if "=" in words:  # The condition declares a variable.
            return
        text = self._between(first, last)
        begin, end = self.tokens[first].begin, self.tokens[last].end
        yield Change("condition fixed", begin, end, f"false && ({text})")
        if token.text == "if":  # An endless loop would only run into the timeout.
            yield Change("condition fixed", begin, end, f"true || ({text})")

    def _returned(self, index, token):
        if token.text != "return":
            return
        end = index + 1
        while end < len(self.tokens) and self._text(end) != ";":
            end = self.partner.get(end, end) + 1 if self._text(end) in CLOSING else end + 1
        value = self._between(index + 1, end - 1) if end > index + 1 else ""
        begin, stop = token.begin, self.tokens[end].end if end < len(self.tokens) else len(self.source)
        if value in ("true", "false"):
            yield Change("returned", begin, stop, f"return {'false' if value == 'true' else 'true'};")
        elif value.replace(" ", "") not in RETURNED_BY_BRACES:
            yield Change("returned", begin, stop, f"{{ if (true) {{ return {{}}; }} return {value}; }}")

    def _statement(self, index, token):
        """Drops an assignment or a call. It still compiles, so that nothing becomes unused."""
        if token.text in NO_STATEMENT | DECLARATION or not self._begins_statement(index):
            return
        end = self._end_of_statement(index)
        if end is not None:
            text = self._between(index, end)
            yield Change("statement dropped", token.begin, self.tokens[end].end, f"while (false) {{ {text} }}")

    def _begins_statement(self, index):
        before = self._text(index - 1)
        if before == ")":
            opened = self.partner.get(index - 1, 0)
            return "if" in (self._text(opened - 1), self._text(opened - 2)) or self._text(opened - 1) in ("for", "while")
        if before == ":":
            return self._is_label(index - 1)
        if before == ";":
            return not self._is_head_of_loop(index - 1)
        return before in ("{", "}", "else")

    def _is_label(self, colon):
        at = colon - 1
        while at >= 0 and (self.tokens[at].kind == "word" or self._text(at) == "::"):
            if self._text(at) in ("case", "default"):
                return True
            at -= 1
        return False

    def _is_head_of_loop(self, semicolon):
        """Whether the semicolon belongs to `for (a; b; c)`."""
        at = semicolon - 1
        while at >= 0 and self._text(at) not in ("{", "}", "("):
            at = self.partner.get(at, at) - 1 if self._text(at) in (")", "]") else at - 1
        return self._text(at) == "("

    def _end_of_statement(self, index):
        """The index of the statement's `;`, or None if it is not an assignment or a call."""
        at = index
        while self._text(at) in ("++", "--", "*", "::"):
            at += 1
        if self._text(at) == "(" and self._text(at + 1) == "void":
            at += 3
            if self._text(at) == "::":
                at += 1
        stepped = self._text(index) in STEPS
        if self._text(at) == "(" and at in self.partner:
            at = self.partner[at]
        elif at >= len(self.tokens) or self.tokens[at].kind != "word" or self._text(at) in NO_STATEMENT:
            return None
        at += 1
        while True:
            text = self._text(at)
            if text in ("(", "[") and at in self.partner:
                at = self.partner[at] + 1
            elif text in (".", "->", "::"):
                at += 2
            elif text == "<" and not self._is_binary(at):
                at = self._after_template_arguments(at)
            elif text in STEPS:
                stepped = True
                at += 1
            else:
                break
        if self._text(at) == ";":
            return at if stepped or self._text(at - 1) == ")" else None
        if self._text(at) not in ASSIGNMENTS:
            return None
        while at < len(self.tokens) and self._text(at) not in (";", ")", "}"):
            at = self.partner.get(at, at) + 1 if self._text(at) in CLOSING else at + 1
        return at if self._text(at) == ";" else None

    def _after_template_arguments(self, at):
        depth = 0
        while at < len(self.tokens) and self._text(at) != ";":
            depth += {"<": 1, ">": -1, ">>": -2}.get(self._text(at), 0)
            at += 1
            if depth <= 0:
                break
        return at


def changes_of(source):
    return Finder(source).changes()
