import type { Context } from "sekisho";
import { round, sum } from "./lib/money";

interface Line {
  article: string;
  quantity: number;
  price: number;
}

/** Adds total and tax to an order; policies/apis/orders.xml runs it. */
export default function (context: Context) {
  if (context.Response.StatusCode !== 200) return;
  const order = context.Response.Body.json();
  const net = sum(order.lines.map((line: Line) => line.quantity * line.price));
  order.id = Number(context.Request.MatchedParameters.id);
  order.net = net;
  order.tax = round(net * 0.19);
  order.total = round(net + order.tax);
  context.Response.Body = order;
}
