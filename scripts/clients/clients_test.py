"""The official Python clients of OpenAI and Anthropic against the server at the address in FAKE: what they take for their
provider is true to its protocol."""

import json
import os
import unittest

import anthropic
import openai

FAKE = f"http://{os.environ['FAKE']}"
QUESTION = {"role": "user", "content": "What is 6 times 7?"}
ANSWER = "You said: What is 6 times 7?"
PARAMETERS = {
    "type": "object",
    "properties": {"expression": {"type": "string"}},
    "required": ["expression"],
}


class OfOpenAI(unittest.TestCase):
    def setUp(self):
        self.client = self.client_with("sk-clients")
        self.addCleanup(self.client.close)

    def client_with(self, key):
        return openai.OpenAI(base_url=f"{FAKE}/v1", api_key=key, max_retries=0)

    def ask(self, model="gpt-4.1", messages=(QUESTION,), **options):
        return self.client.chat.completions.create(model=model, messages=list(messages), **options)

    def test_an_answer_in_one_piece_with_its_usage(self):
        answer = self.ask()
        self.assertEqual(answer.choices[0].message.content, ANSWER)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual((answer.usage.prompt_tokens, answer.usage.completion_tokens), (5, 7))

    def test_a_streamed_answer(self):
        with self.client.chat.completions.stream(
            model="gpt-4.1", messages=[QUESTION], stream_options={"include_usage": True}
        ) as stream:
            pieces = [event.delta for event in stream if event.type == "content.delta"]
            answer = stream.get_final_completion()
        self.assertEqual("".join(pieces), ANSWER)
        self.assertGreater(len(pieces), 3)
        self.assertEqual(answer.choices[0].message.content, ANSWER)
        self.assertEqual(answer.usage.total_tokens, 12)

    def test_a_tool_is_asked_for_and_its_result_is_answered(self):
        tools = [{"type": "function", "function": {"name": "calculator", "parameters": PARAMETERS}}]
        with self.client.chat.completions.stream(
            model="gpt-4.1", messages=[QUESTION], tools=tools
        ) as stream:
            choice = stream.get_final_completion().choices[0]
        self.assertEqual(choice.finish_reason, "tool_calls")
        call = choice.message.tool_calls[0]
        self.assertEqual(json.loads(call.function.arguments), {"expression": QUESTION["content"]})
        function = {"name": call.function.name, "arguments": call.function.arguments}
        said = {"id": call.id, "type": "function", "function": function}
        messages = [
            QUESTION,
            {"role": "assistant", "content": None, "tool_calls": [said]},
            {"role": "tool", "tool_call_id": call.id, "content": "42"},
        ]
        answer = self.ask(messages=messages, tools=tools)
        self.assertEqual(answer.choices[0].message.content, "The tool said: 42")

    def test_errors_are_those_that_the_client_knows(self):
        with self.assertRaises(openai.RateLimitError) as raised:
            self.ask("limited-for-7-seconds")
        self.assertEqual(raised.exception.response.headers["retry-after"], "7")
        for model, error in [
            ("server-error", openai.InternalServerError),
            ("unknown-model", openai.NotFoundError),
            ("close-at-once", openai.APIConnectionError),
        ]:
            with self.assertRaises(error):
                self.ask(model)
        with self.assertRaises(openai.BadRequestError):
            self.ask(messages=[])
        with self.client_with("wrong") as stranger, self.assertRaises(openai.AuthenticationError):
            stranger.chat.completions.create(model="gpt-4.1", messages=[QUESTION])
        self.assertEqual(self.client.models.list().data[0].id, "gpt-4.1")


class OfAnthropic(unittest.TestCase):
    def setUp(self):
        self.client = self.client_with("sk-clients")
        self.addCleanup(self.client.close)

    def client_with(self, key):
        return anthropic.Anthropic(base_url=FAKE, api_key=key, max_retries=0)

    def options(self, **options):
        asked = {"model": "claude-sonnet-4-6", "max_tokens": 100, "messages": [QUESTION]}
        return {**asked, **options}

    def ask(self, **options):
        return self.client.messages.create(**self.options(**options))

    def test_an_answer_in_one_piece_with_its_usage(self):
        answer = self.ask()
        self.assertEqual(answer.content[0].text, ANSWER)
        self.assertEqual(answer.stop_reason, "end_turn")
        self.assertEqual((answer.usage.input_tokens, answer.usage.output_tokens), (5, 7))

    def test_a_streamed_answer(self):
        with self.client.messages.stream(**self.options(system="Be brief.")) as stream:
            pieces = list(stream.text_stream)
            answer = stream.get_final_message()
        self.assertEqual("".join(pieces), ANSWER)
        self.assertEqual(answer.content[0].text, ANSWER)
        self.assertEqual((answer.usage.input_tokens, answer.usage.output_tokens), (7, 7))

    def test_a_tool_is_asked_for_and_its_result_is_answered(self):
        tools = [{"name": "calculator", "input_schema": PARAMETERS}]
        with self.client.messages.stream(**self.options(tools=tools)) as stream:
            answer = stream.get_final_message()
        self.assertEqual(answer.stop_reason, "tool_use")
        call = answer.content[0]
        self.assertEqual((call.name, call.input), ("calculator", {"expression": QUESTION["content"]}))
        asked = {"type": "tool_use", "id": call.id, "name": call.name, "input": call.input}
        messages = [
            QUESTION,
            {"role": "assistant", "content": [asked]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "42"}]},
        ]
        self.assertEqual(self.ask(messages=messages, tools=tools).content[0].text, "The tool said: 42")

    def test_errors_are_those_that_the_client_knows(self):
        for model, error in [
            ("limited-for-7-seconds", anthropic.RateLimitError),
            ("overloaded", anthropic.InternalServerError),
            ("unknown-model", anthropic.NotFoundError),
            ("close-at-once", anthropic.APIConnectionError),
        ]:
            with self.assertRaises(error):
                self.ask(model=model)
        with self.assertRaises(anthropic.BadRequestError):
            self.ask(messages=[{"role": "assistant", "content": "Hm"}])
        with self.client_with("wrong") as stranger, self.assertRaises(anthropic.AuthenticationError):
            stranger.messages.create(**self.options())


if __name__ == "__main__":
    unittest.main()
