local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return string.format('\\u%04x', c:byte()) end) .. '"'
end
local function json(value)
  if type(value) == 'string' then return quoted(value) end
  if type(value) ~= 'table' then return tostring(value) end
  local parts = {}
  if #value > 0 then
    for _, each in ipairs(value) do parts[#parts + 1] = json(each) end
    return '[' .. table.concat(parts, ',') .. ']'
  end
  for name, each in pairs(value) do parts[#parts + 1] = quoted(tostring(name)) .. ':' .. json(each) end
  return '{' .. table.concat(parts, ',') .. '}'
end
function exit_json(result)
  if result.changed == nil then result.changed = false end
  print(json(result))
  os.exit(0)
end
function fail_json(result)
  result.failed = true
  print(json(result))
  os.exit(1)
end
