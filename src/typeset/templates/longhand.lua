-- What every output needs done to a document before it is written. Reads `about.txt` in its own folder, one `name value` a
-- line: title, author, language, note, identifier, article, verbatim (numbers of top-level blocks that TeX refused).

local about = {}
for line in io.lines("about.txt") do
  local name, value = line:match("^(%S+) (.*)$")
  if name then about[name] = value end
end
local latex = FORMAT == "latex"

local refused = {}
for number in (about.verbatim or ""):gmatch("%d+") do refused[tonumber(number)] = true end

-- LaTeX's lists nest four deep of a kind and six in all.
local DEEPEST_LIST = 4
-- Words longer than this may break anywhere; code may break after punctuation as well.
local LONGEST_WORD = 40
-- Characters that fit a line of a table at full size, and columns that fit the page.
local TABLE_WIDTH = 64
local TABLE_COLUMNS = 8

-- Attributes -----------------------------------------------------------------------------------------------------------

-- A text's own attributes would be handlers, styles and files to read in HTML and EPUB: of all of them only the name that
-- a link leads to stays, and what language code is in.
local function only_identifier(element)
  local identifier = element.attr.identifier:match("^[%w_.:\x80-\xFF-]+$") or ""
  element.attr = pandoc.Attr(identifier)
  return element
end

local function only_language(element)
  local language = (element.classes[1] or ""):match("^[%w+#-]+$")
  element.attr = pandoc.Attr("", language and {language} or {})
  return element
end

-- A span is there for one thing: to be the place that a citation's number leads to.
local function only_place(element)
  if element.identifier:match("^source%-%d+$") then return pandoc.Span(element.content, pandoc.Attr(element.identifier)) end
  return element.content
end

local stripped = {
  Header = only_identifier, Code = only_identifier, Image = only_identifier, Link = only_identifier, Div = only_identifier,
  Table = only_identifier, CodeBlock = only_language, Span = only_place,
}

-- Text ---------------------------------------------------------------------------------------------------------------

local TEX_ESCAPES = {
  ["\\"] = "\\textbackslash{}", ["{"] = "\\{", ["}"] = "\\}", ["$"] = "\\$", ["&"] = "\\&", ["#"] = "\\#",
  ["^"] = "\\textasciicircum{}", ["_"] = "\\_", ["~"] = "\\textasciitilde{}", ["%"] = "\\%",
}
local function tex_escape(text) return (text:gsub("[\\{}$&#^_~%%]", TEX_ESCAPES)) end

local function raw(text) return pandoc.RawInline("latex", text) end

-- Text of a fixed pitch that may break: after punctuation, and anywhere in a long run.
local function breakable_code(text)
  local out, run = {}, 0
  for _, code in utf8.codes(text) do
    local char = utf8.char(code)
    if char == " " then
      out[#out + 1], run = "\\ ", 0
    elseif char == "\t" then
      out[#out + 1], run = "\\ \\ \\ \\ ", 0
    else
      run = run + 1
      out[#out + 1] = tex_escape(char)
      if char:match("[%p]") and run > 7 or run > 24 then
        out[#out + 1], run = "\\lhb{}", 0
      end
    end
  end
  return table.concat(out)
end

local function is_url(text) return text:match("^%a[%w+.-]*://") ~= nil end

-- Pieces of a word that is too long for a line.
local function pieces(text)
  local out, piece, length = pandoc.List{}, {}, 0
  local function cut()
    if length > 0 then
      out:insert(pandoc.Str(table.concat(piece)))
      out:insert(raw("\\lhb{}"))
      piece, length = {}, 0
    end
  end
  for _, code in utf8.codes(text) do
    local char = utf8.char(code)
    piece[#piece + 1], length = char, length + 1
    if length >= 8 or (length > 2 and char:match("[/.?&=_-]")) then cut() end
  end
  cut()
  return out
end

function Str(element)
  if not latex then return nil end
  local length = utf8.len(element.text) or 0
  if length > LONGEST_WORD or (length > 20 and is_url(element.text)) then return pieces(element.text) end
end

function Code(element)
  if not latex then return nil end
  if (utf8.len(element.text) or 0) > 12 then return raw("\\texttt{" .. breakable_code(element.text) .. "}") end
end

-- No package of the small set that we need strikes text out.
function Strikeout(element)
  if not latex then return nil end
  local content = pandoc.List{raw("\\lhstruck{")}
  content:extend(element.content)
  content:insert(raw("}"))
  return content
end

-- The commands and environments that a formula may use: any other could define, read, write, loop, or put actions into a PDF.
local COMMANDS, ENVIRONMENTS = {}, {}
for line in io.lines("formulas.txt") do
  local kind, names = line:match("^(%a+): (.*)$")
  local known = kind == "environments" and ENVIRONMENTS or COMMANDS
  for name in (names or ""):gmatch("%S+") do known[name] = true end
end

-- Why a formula can't be set; nothing when it looks well.
local function fault_of(text)
  local depth, left, environments = 0, 0, {}
  local i = 1
  while i <= #text do
    local char = text:sub(i, i)
    if char == "\\" then
      local name = text:match("^%a+", i + 1)
      if name then
        local argument = text:match("^%s*{([%a*]+)}", i + 1 + #name)
        if name == "begin" then
          if not ENVIRONMENTS[argument or ""] then return "\\begin{" .. (argument or "") .. "}" end
          environments[#environments + 1] = argument
        elseif name == "end" then
          if environments[#environments] ~= argument then return "an environment that does not match" end
          environments[#environments] = nil
        elseif name == "left" then left = left + 1
        elseif name == "right" then left = left - 1
        elseif not COMMANDS[name] then
          return "\\" .. name
        end
        i = i + #name
      else
        local bracket = text:sub(i + 1, i + 1)
        if bracket:match("[()%[%]]") then return "a formula in a formula" end
        if not bracket:match("^[%p%s]$") then return "\\" .. bracket end
        i = i + 1
      end
    elseif char == "{" then depth = depth + 1
    elseif char == "}" then
      depth = depth - 1
      if depth < 0 then return "a brace too many" end
    elseif char == "$" then return "a dollar sign"
    elseif char == "%" or char == "#" then return "a bare " .. char
    elseif char == "^" and text:sub(i + 1, i + 1) == "^" then return "^^"
    end
    if left < 0 then return "\\right without \\left" end
    i = i + 1
  end
  if depth ~= 0 then return "a brace that is not closed" end
  if left ~= 0 then return "\\left without \\right" end
  if #environments > 0 then return "an environment that is not closed" end
  if text:match("^%s*$") or text:match("\n%s*\n") then return "an empty line" end
end

-- The fonts of formulas know few characters: the others are set as text, by the fonts that have them.
function Math(element)
  if not latex then return nil end
  local fault = fault_of(element.text)
  if fault then
    io.stderr:write("longhand: a formula is set as text: ", fault, "\n")
    return pandoc.Code(element.text)
  end
  local text = element.text:gsub("[\xC2-\xF4][\x80-\xBF]+", function(char) return "\\text{" .. char .. "}" end)
  return pandoc.Math(element.mathtype, text)
end

-- Links lead to the web, to mail, or into the document; anything else would run or read something on the reader's machine.
function Link(element)
  local target = element.target:gsub("[%c\x80-\xFF]", function(char) return string.format("%%%02X", char:byte()) end)
  local scheme = target:match("^(%a[%w+.-]*):")
  local fine = target:sub(1, 1) == "#" or (scheme and ({http = 1, https = 1, mailto = 1})[scheme:lower()])
  if not fine then return element.content end
  element.target = target
  -- Without its class a bare address is set like any other link, by us and not by \url, which loses characters.
  if latex then element.attr = pandoc.Attr() end
  if latex and pandoc.utils.stringify(element.content) == element.target then
    element.content:insert(raw("{}"))
  end
  return element
end

-- A picture that lies in the folder is kept; of another the words stay.
function Image(element)
  local kind = element.src:match("^[%w_-]+%.(%l+)$")
  if kind and ({png = 1, jpg = 1, pdf = 1, svg = 1})[kind] then
    local file = io.open(element.src)
    if file then
      file:close()
      return nil
    end
  end
  local content = pandoc.List{pandoc.Str("["), pandoc.Emph(element.caption), pandoc.Str("]")}
  if #element.caption == 0 then content = pandoc.List{pandoc.Str("[picture]")} end
  return pandoc.Span(content)
end

-- Right-to-left runs ---------------------------------------------------------------------------------------------------

local function is_rtl(text)
  for _, code in utf8.codes(text) do
    if (code >= 0x590 and code <= 0x8FF) or (code >= 0xFB1D and code <= 0xFDFF) or (code >= 0xFE70 and code <= 0xFEFC) then return true end
    if code >= 0x41 and not (code >= 0x5B and code <= 0x60) and not (code >= 0x7B and code <= 0xBF) then return false end
  end
  return false
end

-- Words in a row of such a script are one run, so that the row reads from the right too.
function Inlines(inlines)
  if not latex then return nil end
  local out, last = pandoc.List{}, 0
  local found = false
  local i = 1
  while i <= #inlines do
    local element = inlines[i]
    if element.t == "Str" and is_rtl(element.text) then
      found = true
      last = i
      local j = i + 1
      while inlines[j] and (inlines[j].t == "Space" or inlines[j].t == "SoftBreak" or (inlines[j].t == "Str" and is_rtl(inlines[j].text))) do
        if inlines[j].t == "Str" then last = j end
        j = j + 1
      end
      out:insert(raw("\\lhrtl{"))
      for k = i, last do out:insert(inlines[k]) end
      out:insert(raw("}"))
      i = last + 1
    else
      out:insert(element)
      i = i + 1
    end
  end
  if found then return out end
end

-- Blocks ---------------------------------------------------------------------------------------------------------------

function CodeBlock(element)
  if not latex then return nil end
  local lines = {}
  for line in (element.text .. "\n"):gmatch("(.-)\n") do
    lines[#lines + 1] = "\\lhline{" .. breakable_code(line) .. "}"
  end
  return pandoc.RawBlock("latex", "\\begin{lhcode}\n" .. table.concat(lines, "\n") .. "\n\\end{lhcode}")
end

local function cell_length(blocks)
  return utf8.len(pandoc.utils.stringify(pandoc.Div(blocks))) or 0
end

-- Shares of the line: by the longest cell, but softened, so that one long text does not starve the others.
local function widths_of(simple)
  local longest, total = {}, 0
  for column = 1, #simple.aligns do
    longest[column] = math.max(3, simple.headers[column] and cell_length(simple.headers[column]) or 0)
    for _, row in ipairs(simple.rows) do
      if row[column] then longest[column] = math.max(longest[column], cell_length(row[column])) end
    end
    total = total + longest[column] + 2
  end
  if total <= TABLE_WIDTH then return nil end
  local widths, sum = {}, 0
  for column, length in ipairs(longest) do
    widths[column] = math.sqrt(math.min(length, 400)) + 1
    sum = sum + widths[column]
  end
  for column in ipairs(widths) do widths[column] = widths[column] / sum end
  return widths
end

local function slice(list, from, to)
  local out = {list[1]}
  for i = from, to do out[#out + 1] = list[i] end
  return out
end

local function in_bold(blocks)
  local out = pandoc.List{}
  for i, block in ipairs(blocks) do
    local text = (block.t == "Plain" or block.t == "Para") and #block.content > 0
    out[i] = text and pandoc.Plain{pandoc.Strong(block.content)} or block
  end
  return out
end

local function fitted(simple)
  for column, cell in ipairs(simple.headers) do simple.headers[column] = in_bold(cell) end
  simple.widths = widths_of(simple) or simple.widths
  return pandoc.utils.from_simple_table(simple)
end

-- A table of more columns than fit is set as several below each other, each with the first column.
function Table(element)
  if not latex then return nil end
  local ok, simple = pcall(pandoc.utils.to_simple_table, element)
  if not ok or #simple.aligns == 0 then return nil end
  if #simple.aligns <= TABLE_COLUMNS then return fitted(simple) end
  local tables = pandoc.List{}
  for from = 2, #simple.aligns, TABLE_COLUMNS - 1 do
    local to = math.min(from + TABLE_COLUMNS - 2, #simple.aligns)
    local rows = {}
    for i, row in ipairs(simple.rows) do rows[i] = slice(row, from, to) end
    local caption = from == 2 and simple.caption or {}
    local headers = #simple.headers > 0 and slice(simple.headers, from, to) or {}
    local widths = {}
    for i = from - 1, to do widths[#widths + 1] = 0 end
    tables:insert(fitted(pandoc.SimpleTable(caption, slice(simple.aligns, from, to), widths, headers, rows)))
  end
  return tables
end

-- What TeX can't nest is set as what it holds; a heading inside of something is a bold line.
local flatten

local function flatten_items(items, depth)
  local out = pandoc.List{}
  for i, item in ipairs(items) do out[i] = flatten(item, depth) end
  return out
end

local function unwrapped(items, depth)
  local out = pandoc.List{}
  for _, item in ipairs(items) do
    local blocks = flatten(item, depth)
    local first = blocks[1]
    if first and (first.t == "Para" or first.t == "Plain") then
      first.content:insert(1, pandoc.Space())
      first.content:insert(1, pandoc.Str("•"))
    end
    out:extend(blocks)
  end
  return out
end

flatten = function(blocks, depth)
  local out = pandoc.List{}
  for _, block in ipairs(blocks) do
    if block.t == "BulletList" or block.t == "OrderedList" then
      if depth >= DEEPEST_LIST then
        out:extend(unwrapped(block.content, depth))
      else
        block.content = flatten_items(block.content, depth + 1)
        out:insert(block)
      end
    elseif block.t == "BlockQuote" then
      local inner = flatten(block.content, depth + 1)
      if depth >= DEEPEST_LIST then
        out:extend(inner)
      else
        block.content = inner
        out:insert(block)
      end
    elseif block.t == "Div" then
      block.content = flatten(block.content, depth)
      out:insert(block)
    elseif block.t == "Header" and depth > 0 then
      out:insert(pandoc.Para{pandoc.Strong(block.content)})
    else
      out:insert(block)
    end
  end
  return out
end

-- The number that a heading starts with, as its own thing: it hangs in the table of contents, and running heads leave it out.
local function split_number(header)
  local first, second = header.content[1], header.content[2]
  if not (first and first.t == "Str" and second and second.t == "Space") then return "" end
  local number = first.text:match("^(%d%d?%d?[%d.]*)$")
  if not number or number:find("..", 1, true) or #header.content < 3 then return "" end
  header.content:remove(1)
  header.content:remove(1)
  return (number:gsub("%.$", ""))
end

local function verbatim(block)
  return pandoc.CodeBlock((pandoc.write(pandoc.Pandoc({block}), "markdown"):gsub("%s+$", "")))
end

-- An entry of the list of sources: a paragraph that begins with a place that citations lead to. It hangs.
local function is_source(block)
  local first = block.t == "Para" and block.content[1]
  return first and first.t == "Span" and first.identifier:match("^source%-%d+$") ~= nil
end

local function prepared(blocks)
  local out = pandoc.List{}
  for number, block in ipairs(blocks) do
    if refused[number] then block = verbatim(block) end
    out:insert(pandoc.RawBlock("latex", "%lh:" .. number))
    if block.t == "Header" then
      local heading = split_number(block)
      out:insert(pandoc.RawBlock("latex", "\\lhnumber{" .. heading .. "}"))
      block.classes = {}
    end
    if is_source(block) then block.content:insert(1, raw("\\lhsource{}")) end
    out:insert(block)
  end
  return out
end

-- The document's own words, never read as Markdown.
local function plain(text)
  local inlines = pandoc.List{}
  for word in (text or ""):gmatch("%S+") do
    if #inlines > 0 then inlines:insert(pandoc.Space()) end
    inlines:insert(pandoc.Str(word))
  end
  return pandoc.MetaInlines(inlines)
end

local function described(meta)
  meta = pandoc.Meta{}
  meta.title = plain(about.title)
  meta.pagetitle = pandoc.MetaString(about.title)
  if about.author then meta.author = plain(about.author) end
  if about.note then
    meta.note = plain(about.note)
    meta.subtitle = plain(about.note)
  end
  meta.lang = pandoc.MetaString(about.language)
  if about.babel then meta.babel = pandoc.MetaString(about.babel) end
  if about.identifier then meta.identifier = pandoc.MetaString(about.identifier) end
  if about.contents then meta["contents-name"] = plain(about.contents) end
  if about.toc then meta["with-contents"] = true end
  if about.article then meta["as-article"] = true end
  return meta
end

local function shape(document)
  document.meta = described(document.meta)
  if latex then
    document.blocks = flatten(document.blocks, 0)
    document.blocks = prepared(document.blocks)
  end
  return document
end

return {
  stripped,
  {Pandoc = shape},
  {Math = Math},
  {Link = Link, Image = Image, Table = Table},
  {Inlines = Inlines},
  {Str = Str, Code = Code, CodeBlock = CodeBlock, Strikeout = Strikeout},
}
