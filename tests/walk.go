// The whole way of a job, from its project to its deletion, with Go's net/http. Called with a plan as JSON (see
// clients_test.py); what it saw goes to stdout.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"time"
)

type object = map[string]interface{}

var plan struct {
	URL     string                       `json:"url"`
	Headers map[string]map[string]string `json:"headers"`
	Project object                       `json:"project"`
	Order   object                       `json:"order"`
	Longer  object                       `json:"longer"`
	Files   [][2]string                  `json:"files"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func send(method, path, contentType string, body io.Reader) (int, []byte) {
	request, err := http.NewRequest(method, plan.URL+path, body)
	must(err)
	request.Header.Set("Content-Type", contentType)
	for name, value := range plan.Headers["go"] {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	must(err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	must(err)
	return answer.StatusCode, data
}

func whole(method, path, contentType string, body io.Reader) []byte {
	status, data := send(method, path, contentType, body)
	if status != 200 {
		must(fmt.Errorf("%s %s: %d %s", method, path, status, data))
	}
	return data
}

func parsed(data []byte, into interface{}) {
	must(json.Unmarshal(data, into))
}

func call(method, path string, body object) (answer object) {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		must(err)
		reader = bytes.NewReader(data)
	}
	parsed(whole(method, path, "application/json", reader), &answer)
	return
}

func upload(project string) (answer object) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, file := range plan.Files {
		part, err := form.CreateFormFile("file", file[0])
		must(err)
		part.Write([]byte(file[1]))
	}
	must(form.WriteField("projectId", project))
	must(form.Close())
	parsed(whole("POST", "/api/uploadProjectFiles", form.FormDataContentType(), &body), &answer)
	return
}

func joined(a, b object) object {
	all := object{}
	for _, one := range []object{a, b} {
		for name, value := range one {
			all[name] = value
		}
	}
	return all
}

func main() {
	parsed([]byte(os.Args[1]), &plan)
	project := call("POST", "/api/createProject", plan.Project)["id"].(string)
	seen := object{"project": project, "uploaded": upload(project)}
	var files []object
	parsed(whole("GET", "/api/getProjectFiles?projectId="+project, "application/json", nil), &files)
	seen["files"] = files

	order := joined(plan.Order, object{"projectId": project})
	job := call("POST", "/api/generateWizardWork", order)["jobId"].(string)
	var done object
	for {
		time.Sleep(50 * time.Millisecond)
		done = call("GET", "/api/getJobStatus?jobId="+job, nil)
		state := done["status"]
		if state != "submitted" && state != "queued" && state != "in_progress" {
			break
		}
	}
	seen["done"] = done
	seen["markdown"] = string(whole("GET", "/api/jobs/"+job+"/output.md", "application/json", nil))
	if link, there := done["output_url_pdf"].(string); there {
		answer, err := http.Get(link)
		must(err)
		data, err := io.ReadAll(answer.Body)
		must(err)
		seen["pdf"] = string(data[:5])
	}

	second := call("POST", "/api/generateWizardWork", joined(order, plan.Longer))["jobId"].(string)
	seen["cancelled"] = call("POST", "/api/cancelJob", object{"jobId": second})
	seen["after"] = call("GET", "/api/getJobStatus?jobId="+second, nil)
	seen["deleted"] = call("DELETE", "/api/deleteProject?projectId="+project, nil)
	status, data := send("GET", "/api/getProjectDetails?projectId="+project, "application/json", nil)
	var gone object
	parsed(data, &gone)
	seen["gone"] = joined(gone, object{"status": status})
	must(json.NewEncoder(os.Stdout).Encode(seen))
}
