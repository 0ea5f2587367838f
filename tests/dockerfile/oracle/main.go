// Asks BuildKit's own frontend which paths of the context a Dockerfile's target reads, and moby's own matcher which files
// .dockerignore leaves of them. A question a line on the standard input, an answer a line on the standard output.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

type question struct {
	Context, Dockerfile, Target string
	Args                        map[string]string
	Files                       []string
}

type answer struct {
	Files []string `json:"files"`
	Error string   `json:"error,omitempty"`
}

// Every image from elsewhere is an empty one.
type emptyImages struct{}

func (emptyImages) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	layer := "sha256:" + strings.Repeat("1", 64)
	config := `{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["` + layer + `"]}}`
	return ref, "", []byte(config), nil
}

// The paths of the context that BuildKit would ask for; "." is everything.
func follow(q question) ([]string, error) {
	text, err := os.ReadFile(q.Dockerfile)
	if err != nil {
		return nil, err
	}
	platform := ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	state, _, _, _, err := dockerfile2llb.Dockerfile2LLB(context.Background(), text, dockerfile2llb.ConvertOpt{
		Config:         dockerui.Config{BuildArgs: q.Args, Target: q.Target},
		MetaResolver:   emptyImages{},
		TargetPlatform: &platform,
	})
	if err != nil {
		return nil, err
	}
	definition, err := state.Marshal(context.Background(), llb.Platform(platform))
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, bytes := range definition.Def {
		var op pb.Op
		if err := op.Unmarshal(bytes); err != nil {
			return nil, err
		}
		source := op.GetSource()
		if source == nil || source.Identifier != "local://context" {
			continue
		}
		some := []string{"."}
		if list := source.Attrs["local.followpaths"]; list != "" {
			some = nil
			if err := json.Unmarshal([]byte(list), &some); err != nil {
				return nil, err
			}
		}
		paths = append(paths, some...)
	}
	return paths, nil
}

func ignored(q question) (*patternmatcher.PatternMatcher, error) {
	var patterns []string
	for _, name := range []string{q.Dockerfile + ".dockerignore", filepath.Join(q.Context, ".dockerignore")} {
		file, err := os.Open(name)
		if err != nil {
			continue
		}
		defer file.Close()
		if patterns, err = ignorefile.ReadAll(file); err != nil {
			return nil, err
		}
		break
	}
	return patternmatcher.New(patterns)
}

// Whether one of the paths is the file or a directory above it.
func isRead(paths []string, file string) bool {
	for _, p := range paths {
		p = strings.TrimPrefix(path.Clean("/"+p), "/")
		for at := file; at != "."; at = path.Dir(at) {
			if match, _ := filepath.Match(p, at); match || p == "" {
				return true
			}
		}
	}
	return false
}

func reply(q question) (answer, error) {
	out := answer{Files: []string{}}
	paths, err := follow(q)
	if err != nil {
		return out, err
	}
	ignore, err := ignored(q)
	if err != nil {
		return out, err
	}
	for _, file := range q.Files {
		left, err := ignore.MatchesOrParentMatches(file)
		if err != nil {
			return out, err
		}
		if !left && isRead(paths, file) {
			out.Files = append(out.Files, file)
		}
	}
	return out, nil
}

func main() {
	decoder := json.NewDecoder(os.Stdin)
	for {
		var q question
		if err := decoder.Decode(&q); err == io.EOF {
			return
		} else if err != nil {
			panic(err)
		}
		a, err := reply(q)
		if err != nil {
			a.Error = err.Error()
		}
		line, _ := json.Marshal(a)
		fmt.Println(string(line))
	}
}
