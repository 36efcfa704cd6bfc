package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// settings are what a file sets: for all commands under "", for one under its name; then by flag.
type settings map[string]map[string]setting

// setting is the value of a key and the place where it stands, as "tsr.toml:3: budget".
type setting struct{ value, where string }

// of returns what the file says about a command's flag.
func (s settings) of(command, flag string) (setting, bool) {
	if v, ok := s[command][flag]; ok {
		return v, true
	}
	v, ok := s[""][flag]
	return v, ok
}

// parseSettings reads a file: keys are flags, tables are commands.
//
//	threads = 2
//	[upsample]
//	preset = "best"
//
// A key that no command has, a value of another type and everything that is no TOML is an error with file and line.
func parseSettings(root *cobra.Command, file string, text []byte) (settings, error) {
	values := map[string]any{}
	if err := toml.Unmarshal(text, &values); err != nil {
		where := file
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, _ := at.Position()
			where = fmt.Sprintf("%s:%d", file, line)
		}
		return nil, usage(where, "", "is not TOML: %s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	// The values are known now. What is left is where they stand.
	s := settings{}
	var p unstable.Parser
	p.Reset(text)
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		var key []string
		line := 0
		for k := e.Key(); k.Next(); {
			key = append(key, string(k.Node().Data))
			line = p.Shape(k.Node().Raw).Start.Line
		}
		if e.Kind == unstable.Table || e.Kind == unstable.ArrayTable {
			table, key = key, nil
			if err := knownTable(root, fmt.Sprintf("%s:%d", file, line), table); err != nil {
				return nil, err
			}
			continue
		}
		if err := s.add(root, fmt.Sprintf("%s:%d", file, line), append(slices.Clone(table), key...), values); err != nil {
			return nil, err
		}
	}
	return s, p.Error()
}

func knownTable(root *cobra.Command, where string, table []string) error {
	if len(table) == 1 && slices.Contains(settableNames(root), table[0]) {
		return nil
	}
	name := strings.Join(table, ".")
	return usage(where, nearby(name, settableNames(root)), "[%s] is no command with settings", name)
}

// add notes the value at path, [flag] or [command, flag], from all values of the file.
func (s settings) add(root *cobra.Command, where string, path []string, values map[string]any) error {
	command, key := "", path[len(path)-1]
	switch len(path) {
	case 1:
	case 2:
		command = path[0]
		if err := knownTable(root, where, path[:1]); err != nil {
			return err
		}
		values, _ = values[command].(map[string]any)
	default:
		return usage(where, "", "%s: settings stand in the table of a command", strings.Join(path, "."))
	}
	if known := flagNames(root, command); !slices.Contains(known, key) {
		return usage(where, nearby(key, known), "unknown key %s", show(key))
	}
	where += ": " + key
	var value string
	switch v := values[key].(type) {
	case string:
		value = v
	case int64:
		value = strconv.FormatInt(v, 10)
	case float64:
		value = strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		value = strconv.FormatBool(v)
	default:
		return usage(where, "", "give a string, a number, true or false")
	}
	if s[command] == nil {
		s[command] = map[string]setting{}
	}
	s[command][key] = setting{value, where}
	return nil
}

func settableNames(root *cobra.Command) (names []string) {
	for _, c := range root.Commands() {
		if settable(c) {
			names = append(names, c.Name())
		}
	}
	return names
}

// flagNames lists the flags of a command, of all for "".
func flagNames(root *cobra.Command, command string) (names []string) {
	for _, c := range root.Commands() {
		if settable(c) && (command == "" || c.Name() == command) {
			c.Flags().VisitAll(func(f *pflag.Flag) {
				if f.Name != "help" {
					names = append(names, f.Name)
				}
			})
		}
	}
	return names
}

// nearby is a hint at the known name that is meant, or at all that are known.
func nearby(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "tsr config lists all settings"
}
